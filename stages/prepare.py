"""Stage prepare: resize the photos, quarantine bad ones, and drop duplicates across splits."""

import argparse
import sys
from pathlib import Path

from weft import errors, params, progress, tracking
from weft.contracts import files
from weft.photos.prepare import prepare_photos


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="photos of the crawl")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    settings = params.load_params(Path("params.yaml")).prepare
    with tracking.start_stage_run("prepare", settings, [args.photos]) as run:
        counts = prepare_photos(args.photos, args.out, settings)
        run.log_metrics(counts)
        run.log_artifact(args.out / files.REPORT)
        progress.log_outcome("prepare", args.out, counts)


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
