"""features: z of every photo of a benchmark with the untrained backbone."""

import argparse
import sys
from pathlib import Path

from weft import errors, params, runtime, tracking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmark", required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    runtime.launch()
    runtime.settle_threads()

    from weft.benchmarks import open_benchmark
    from weft.model.backbone import load_backbone
    from weft.model.embedder import Embedder, initial_words
    from weft.processes import joined
    from weft.retrieval.embed_benchmark import embed_benchmark

    settings = params.load(Path("params.yaml"))
    benchmark, size = settings.benchmarks[args.benchmark], settings.prepare
    tracked = tracking.stage_run("features", settings.model, [Path(benchmark.path)], part=args.benchmark)
    with joined(runtime.device()) as processes, tracked as run:
        model = settings.model
        backbone = load_backbone(model.backbone, model.weights, model.layer, model.pooling)
        backbone.check_size(size.height, size.width)
        counts = embed_benchmark(
            open_benchmark(benchmark),
            Embedder(backbone.network, initial_words(1, backbone.dim, seed=0), backbone.normalisation),
            backbone.dim,
            size.height,
            size.width,
            runtime.device(),
            runtime.workers(),
            args.out,
            processes=processes,
        )
        run.log_metrics(counts)


if __name__ == "__main__":
    sys.exit(errors.answer(main))
