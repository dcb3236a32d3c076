"""embed: z of every photo of a benchmark with the fine-tuned model."""

import argparse
import sys
from pathlib import Path

from weft import errors, params, runtime, tracking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmark", required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    runtime.launch()
    runtime.settle_threads()

    from weft.benchmarks import open_benchmark
    from weft.model.bundle import load_bundle
    from weft.processes import joined
    from weft.retrieval.embed_benchmark import embed_benchmark

    settings = params.load(Path("params.yaml")).benchmarks[args.benchmark]
    tracked = tracking.stage_run("embed", settings, [args.model, Path(settings.path)], part=args.benchmark)
    with joined(runtime.device()) as processes, tracked as run:
        model = load_bundle(args.model)
        counts = embed_benchmark(
            open_benchmark(settings),
            model.embedder,
            model.embedder.words.shape[1],
            model.height,
            model.width,
            runtime.device(),
            runtime.workers(),
            args.out,
            model.digest,
            processes,
        )
        run.log_metrics(counts)


if __name__ == "__main__":
    sys.exit(errors.answer(main))
