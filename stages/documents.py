"""Stage documents: turn the cleaned texts of each product into word ids of the vocabulary."""

import argparse
import sys
from pathlib import Path

from weft import errors, params, progress, tracking
from weft.contracts import files
from weft.text.documents import write_documents


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=Path, required=True, help="products.parquet of clean")
    parser.add_argument("--words", type=Path, required=True, help="words.tsv of vocabulary")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    settings = params.load_params(Path("params.yaml"))
    # The sections that chose the words; the stage itself has no params.
    logged_params = {name: getattr(settings, name) for name in ("clean", "vocabulary")}
    with tracking.start_stage_run("documents", logged_params, [args.products, args.words]) as run:
        counts = write_documents(args.products, args.words, args.out)
        run.log_metrics(counts)
        run.log_artifact(args.out / files.REPORT)
        progress.log_outcome("documents", args.out, counts)


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
