"""Stage vocabulary: keep the most frequent words of the training products, without boilerplate and brand names."""

import argparse
import sys
from pathlib import Path

from weft import errors, params, progress, tracking
from weft.contracts import files
from weft.text.vocabulary import build_vocabulary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=Path, required=True, help="products.parquet of clean")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    settings = params.load_params(Path("params.yaml"))
    with tracking.start_stage_run("vocabulary", settings.vocabulary, [args.products]) as run:
        shares = settings.prepare.val_share, settings.prepare.test_share
        counts = build_vocabulary(args.products, args.out, settings.vocabulary, *shares)
        run.log_metrics(counts)
        run.log_artifact(args.out / files.WORDS)
        run.log_artifact(args.out / files.DROPPED)
        progress.log_outcome("vocabulary", args.out, counts)


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
