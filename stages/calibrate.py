"""Stage calibrate: find for every word the score threshold that reaches the target precision."""

import argparse
import sys
from pathlib import Path

from weft import errors, params, progress, runtime, tracking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=Path, required=True, help="documents.parquet of documents")
    parser.add_argument("--embeddings", type=Path, required=True, help="the output of embed for the catalogue")
    parser.add_argument("--model", type=Path, required=True, help="the output of finetune")
    parser.add_argument("--verdicts", type=Path, required=True, help="the verdicts of people, verdicts.tsv")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    runtime.configure_threads()

    from weft.tagging.calibrate import calibrate
    from weft.tagging.verdicts import read_verdicts

    settings = params.load_params(Path("params.yaml")).calibrate
    splits = {"validation": args.embeddings, "test": args.embeddings}
    inputs = [args.documents, args.embeddings, args.model, args.verdicts]
    with tracking.start_stage_run("calibrate", settings, inputs, datasets=splits) as run:
        verdicts = read_verdicts(args.verdicts)
        totals = calibrate(args.documents, args.embeddings, args.model, settings, args.out, verdicts)
        run.log_metrics(totals)
        run.log_calibration(args.out)
        progress.log_outcome("calibrate", args.out, totals)


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
