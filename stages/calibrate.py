"""calibrate: for every word the threshold above which it may be told, and how right it is then."""

import argparse
import sys
from pathlib import Path

from weft import errors, params, runtime, tracking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="the own catalogue, as prepare wrote it")
    parser.add_argument("--embeddings", type=Path, required=True, help="the out of embed for it")
    parser.add_argument("--model", type=Path, required=True, help="the out of finetune")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    runtime.configure_threads()

    from weft.tagging.calibrate import calibrate

    settings = params.load_params(Path("params.yaml")).calibrate
    with tracking.start_stage_run("calibrate", settings, [args.photos, args.embeddings, args.model]) as run:
        run.log_metrics(calibrate(args.photos, args.embeddings, args.model, settings, args.out))


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
