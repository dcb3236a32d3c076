"""finetune: stage 2, the whole network."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from weft import errors, params, runtime, tracking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--initial", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    runtime.launch()
    runtime.settle_threads()

    from weft.contracts import files
    from weft.data.photo_store import first_photo
    from weft.processes import joined
    from weft.training.record import EpochCost, EpochRecord, describe
    from weft.training.run_finetune import run_finetune

    settings = params.load(Path("params.yaml"))
    read = {**asdict(settings.finetune), "model": settings.model, "prepare": settings.prepare}
    inputs = [args.photos, args.words, args.initial]
    with joined(runtime.device()) as processes, tracking.stage_run("finetune", read, inputs) as run:

        def report(epoch: EpochRecord, cost: EpochCost) -> None:
            describe("finetune", epoch, cost)
            run.log_metrics(asdict(epoch) | asdict(cost), step=epoch.epoch)

        run_finetune(
            args.photos,
            args.words,
            args.initial,
            settings,
            runtime.device(),
            runtime.workers(),
            args.state,
            args.out,
            report,
            processes,
            runtime.checkpoint_seconds(),
            runtime.compiler(),
        )
        run.log_file(args.out / files.HISTORY)
        run.log_model(args.out, first_photo(args.photos / "train"))


if __name__ == "__main__":
    sys.exit(errors.answer(main))
