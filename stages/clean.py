"""Stage clean: turn the HTML of product texts into tokens and drop those that say nothing."""

import argparse
import sys
from pathlib import Path

from weft import errors, params, progress, tracking
from weft.contracts import files
from weft.text.clean import clean_products


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=Path, required=True, help="products.parquet of the crawl")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    settings = params.load_params(Path("params.yaml")).clean
    with tracking.start_stage_run("clean", settings, [args.products]) as run:
        counts = clean_products(args.products, args.out, settings)
        run.log_metrics(counts)
        run.log_artifact(args.out / files.REPORT)
        run.log_artifact(args.out / files.DROPPED)
        progress.log_outcome("clean", args.out, counts)


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
