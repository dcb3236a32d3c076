"""Stage embed: compute the embedding z of every photo of a benchmark with the finetuned model."""

import argparse
import sys
from pathlib import Path

from weft import errors, params, progress, runtime, tracking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmark", required=True)
    parser.add_argument("--model", type=Path, required=True, help="the output of finetune")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    runtime.relaunch_with_torchrun()
    runtime.configure_threads()

    from weft.datasets import open_dataset
    from weft.model.bundle import load_bundle
    from weft.process_group import init_process_group
    from weft.retrieval.embed_dataset import embed_dataset
    from weft.retrieval.whiten_gallery import store_whitening

    settings = params.load_params(Path("params.yaml")).benchmarks[args.benchmark]
    tracked = tracking.start_stage_run("embed", settings, [args.model, Path(settings.path)], benchmark=args.benchmark)
    with init_process_group(runtime.device()) as process_group, tracked as run:
        model = load_bundle(args.model)
        counts = embed_dataset(
            open_dataset(settings),
            model.embedder,
            model.embedder.words.shape[1],
            model.height,
            model.width,
            runtime.device(),
            runtime.workers(),
            args.out,
            model.digest,
            process_group,
        )
        if process_group.is_main:
            store_whitening(args.out)
        counts |= runtime.measure_peak_memory(runtime.device())
        run.log_metrics(counts)
        progress.log_outcome(f"embed@{args.benchmark}", args.out, counts)


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
