"""Stage train_head: train the word embeddings W on the embeddings of the frozen backbone."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from weft import errors, params, progress, runtime, tracking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=Path, required=True, help="the output of features for the catalogue")
    parser.add_argument("--documents", type=Path, required=True, help="documents.parquet of documents")
    parser.add_argument("--words", type=Path, required=True, help="words.tsv of vocabulary")
    parser.add_argument(
        "--state", type=Path, required=True, help="folder of the checkpoints, from which a training resumes"
    )
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    runtime.configure_threads()

    from weft.contracts import files
    from weft.training.history import EpochMetrics, EpochTiming, get_loggable_metrics, log_epoch
    from weft.training.run_context import RunContext
    from weft.training.train_head_stage import run_train_head

    settings = params.load_params(Path("params.yaml"))
    logged_params = {"training": settings.training, **asdict(settings.train_head)}
    inputs = [args.features, args.documents, args.words]
    splits = {"training": args.features, "validation": args.features}
    with tracking.start_stage_run("train_head", logged_params, inputs, datasets=splits) as run:

        def on_epoch_end(metrics: EpochMetrics, timing: EpochTiming) -> None:
            log_epoch("train_head", metrics, timing)
            run.log_metrics(get_loggable_metrics(metrics, timing), step=metrics.epoch)

        summary = run_train_head(
            args.features,
            args.documents,
            args.words,
            settings.training,
            settings.train_head,
            RunContext.from_environment(args.state),
            args.out,
            on_epoch_end=on_epoch_end,
        )
        run.log_history(args.out / files.HISTORY)
        run.set_tags(summary.to_tags())
        progress.log_outcome("train_head", args.out, runtime.measure_peak_memory(runtime.device()))


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
