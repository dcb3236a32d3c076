"""report: one page and one text of all results; reads reports only."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from weft import errors, params, tracking
from weft.report.write import PAGE, RESULTS, write_report


@dataclass(frozen=True)
class Shown:
    """What the tracker is told of this stage, which has no section of its own."""

    benchmarks: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, required=True, help="the outs of evaluate, a folder per benchmark")
    parser.add_argument("--words", type=Path, required=True, help="history.csv of fit_words")
    parser.add_argument("--embedder", type=Path, required=True, help="history.csv of finetune")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    names = list(params.load(Path("params.yaml")).benchmarks)
    histories = {"fit_words": args.words, "finetune": args.embedder}
    read = [*(args.reports / name for name in names), *histories.values()]
    with tracking.stage_run("report", Shown(", ".join(names)), read) as run:
        run.log_metrics(write_report(names, args.reports, histories, args.out))
        run.log_file(args.out / RESULTS)
        run.log_file(args.out / PAGE)


if __name__ == "__main__":
    sys.exit(errors.answer(main))
