"""Stage features: compute the embedding z of every photo of a benchmark with the frozen backbone."""

import argparse
import sys
from pathlib import Path

from weft import errors, params, progress, runtime, tracking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmark", required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    runtime.relaunch_with_torchrun()
    runtime.configure_threads()

    from weft.datasets import open_dataset
    from weft.model.backbone import load_backbone
    from weft.model.embedder import Embedder, make_random_word_embeddings
    from weft.process_group import init_process_group
    from weft.retrieval.embed_dataset import embed_dataset

    settings = params.load_params(Path("params.yaml"))
    benchmark, size = settings.benchmarks[args.benchmark], settings.prepare
    tracked = tracking.start_stage_run("features", settings.model, [Path(benchmark.path)], benchmark=args.benchmark)
    with init_process_group(runtime.device()) as process_group, tracked as run:
        model = settings.model
        backbone = load_backbone(model.backbone, model.weights, model.feature_layer, model.pooling)
        backbone.check_size(size.height, size.width)
        counts = embed_dataset(
            open_dataset(benchmark),
            Embedder(backbone.network, make_random_word_embeddings(1, backbone.dim, seed=0), backbone.normalisation),
            backbone.dim,
            size.height,
            size.width,
            runtime.device(),
            runtime.workers(),
            args.out,
            process_group=process_group,
        )
        counts |= runtime.measure_peak_memory(runtime.device())
        run.log_metrics(counts)
        progress.log_outcome(f"features@{args.benchmark}", args.out, counts)


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
