"""Stage finetune: train the encoder and the word embeddings together."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from weft import errors, params, progress, runtime, tracking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="the output of prepare")
    parser.add_argument("--documents", type=Path, required=True, help="documents.parquet of documents")
    parser.add_argument("--words", type=Path, required=True, help="words.tsv of vocabulary")
    parser.add_argument("--initial", type=Path, required=True, help="the output of train_head")
    parser.add_argument("--state", type=Path, required=True, help="folder of the checkpoints")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    runtime.relaunch_with_torchrun()
    runtime.configure_threads()

    from weft.contracts import files
    from weft.data.photo_store import read_first_photo
    from weft.process_group import init_process_group
    from weft.training.finetune_stage import run_finetune
    from weft.training.history import EpochMetrics, EpochTiming, get_loggable_metrics, log_epoch
    from weft.training.run_context import RunContext

    settings = params.load_params(Path("params.yaml"))
    shared = {key: getattr(settings, key) for key in ("training", "model", "prepare")}
    inputs = args.photos, args.documents, args.words, args.initial
    splits = {"training": args.photos / "train", "validation": args.photos / "val"}
    with (
        tracking.open_model(settings.finetune.initial) as initial_model,
        init_process_group(runtime.device()) as process_group,
        tracking.start_stage_run("finetune", asdict(settings.finetune) | shared, inputs, datasets=splits) as run,
    ):

        def on_epoch_end(metrics: EpochMetrics, timing: EpochTiming) -> None:
            log_epoch("finetune", metrics, timing)
            run.log_metrics(get_loggable_metrics(metrics, timing), step=metrics.epoch)

        def on_steps(step: int, loss: float) -> None:
            run.log_metrics({"train_loss_within_epoch": loss}, step=step)

        context = RunContext.from_environment(args.state, process_group, on_steps)
        summary = run_finetune(
            *inputs, settings, context, args.out, on_epoch_end=on_epoch_end, initial_model=initial_model
        )
        run.log_history(args.out / files.HISTORY)
        run.set_tags(summary.to_tags())
        run.log_model(args.out, read_first_photo(args.photos / "train"))
        progress.log_outcome("finetune", args.out, runtime.measure_peak_memory(context.device))


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
