"""report: one page and one text of all results; reads reports only."""

import argparse
import sys
from pathlib import Path

from weft import errors, params, tracking
from weft.report.write import PAGE, RESULTS, write_report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, required=True)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    benchmarks = params.load(Path("params.yaml")).benchmarks
    histories = {"fit_words": args.words, "finetune": args.embedder}
    with tracking.stage_run("report", benchmarks) as run:
        run.log_metrics(write_report(list(benchmarks), args.reports, histories, args.out))
        run.log_file(args.out / RESULTS)
        run.log_file(args.out / PAGE)


if __name__ == "__main__":
    sys.exit(errors.answer(main))
