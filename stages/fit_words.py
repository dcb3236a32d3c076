"""fit_words: stage 1, W alone on the cached z."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from weft import errors, params, runtime, tracking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    runtime.settle_threads()

    from weft.contracts import files
    from weft.training.record import EpochCost, EpochRecord, describe
    from weft.training.run_fit_words import run_fit_words

    settings = params.load(Path("params.yaml")).fit_words
    with tracking.stage_run("fit_words", settings, [args.features, args.photos, args.words]) as run:

        def report(epoch: EpochRecord, cost: EpochCost) -> None:
            describe("fit_words", epoch, cost)
            run.log_metrics(asdict(epoch) | asdict(cost), step=epoch.epoch)

        run_fit_words(args.features, args.photos, args.words, settings, runtime.device(), args.state, args.out, report)
        run.log_file(args.out / files.HISTORY)


if __name__ == "__main__":
    sys.exit(errors.answer(main))
