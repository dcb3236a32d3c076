"""Stage report: write one HTML page and one Markdown file of all results, from the reports of other stages."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from weft import errors, params, progress, tracking
from weft.contracts import files
from weft.report.build import RESULTS, write_report
from weft.report.headline import write_headline
from weft.report.html import PAGE
from weft.report.readers import ReportInputs
from weft.report.versions import read_versions


@dataclass(frozen=True)
class ReportParams:
    """The params that are logged for this stage, which has no section in params.yaml."""

    benchmarks: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--benchmarks", type=Path, required=True, help="outputs of evaluate: one folder for each benchmark"
    )
    parser.add_argument(
        "--crawl",
        type=Path,
        required=True,
        help="the output of crawl; each option below takes the output of the stage of its name",
    )
    parser.add_argument("--clean", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--prepared", type=Path, required=True)
    parser.add_argument("--head", type=Path, required=True, help="the output of train_head")
    parser.add_argument("--model", type=Path, required=True, help="the output of finetune")
    parser.add_argument("--calibration", type=Path, required=True)
    parser.add_argument("--audit", type=Path, required=True)
    parser.add_argument("--headline", type=Path, required=True, help="the file of headline metrics to write")
    parser.add_argument("--out", type=Path, required=True)
    args = vars(parser.parse_args())
    headline, out = args.pop("headline"), args.pop("out")
    names = list(params.load_params(Path("params.yaml")).benchmarks)
    with tracking.start_stage_run("report", ReportParams(", ".join(names)), list(args.values())) as run:
        headline_metrics = write_headline(names, ReportInputs(**args), headline)
        run.log_metrics(headline_metrics)
        run.log_metrics(write_report(names, ReportInputs(**args), out, read_versions(Path()), headline_metrics))
        run.log_artifact(out / RESULTS)
        run.log_artifact(out / PAGE)
        histories = {"train_head": args["head"] / files.HISTORY, "finetune": args["model"] / files.HISTORY}
        pictures = [args["benchmarks"], args["audit"]]
        run.log_pipeline_results(headline_metrics, out / PAGE, histories, pictures)
        progress.log_outcome("report", out / PAGE, headline_metrics)


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
