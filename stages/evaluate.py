"""Stage evaluate: score a benchmark with the frozen backbone, the trained head and the finetuned model."""

import argparse
import sys
from pathlib import Path

from weft import errors, params, progress, runtime, tracking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmark", required=True)
    parser.add_argument("--photos", type=Path, required=True, help="the prepared photos: the output of prepare")
    parser.add_argument("--documents", type=Path, required=True, help="documents.parquet of documents")
    parser.add_argument("--products", type=Path, required=True, help="products.parquet of crawl, for categories")
    parser.add_argument("--features", type=Path, required=True, help="embeddings of the frozen backbone, by benchmark")
    parser.add_argument("--embeddings", type=Path, required=True, help="those of the finetuned model, by benchmark")
    parser.add_argument("--words", type=Path, required=True, help="the output of train_head")
    parser.add_argument("--model", type=Path, required=True, help="the output of finetune")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    runtime.configure_threads()

    from weft.contracts import files
    from weft.datasets import open_dataset
    from weft.datasets.catalogue import Catalogue
    from weft.evaluation.evaluate import evaluate
    from weft.evaluation.inputs import InputFolders
    from weft.retrieval.search import find_nearest_neighbours

    settings = params.load_params(Path("params.yaml"))
    benchmark = settings.benchmarks[args.benchmark]
    folders = InputFolders(args.documents, args.features, args.embeddings, args.words, args.model)
    photos = Path(benchmark.path)
    inputs = [args.documents, args.words, args.model, args.features, args.embeddings / args.benchmark, photos]
    logged_params = {"evaluate": settings.evaluate, "benchmark": benchmark}
    with tracking.start_stage_run("evaluate", logged_params, inputs, args.benchmark, {"test": photos}) as run:
        metrics = evaluate(
            args.benchmark,
            benchmark,
            settings.evaluate,
            open_dataset(benchmark, args.products),
            Catalogue(args.photos),
            folders,
            find_nearest_neighbours,
            args.out,
        )
        run.log_metrics(metrics)
        run.log_artifacts(args.out, [files.METRICS, files.CONTACT_SHEET, files.PER_QUERY])
        run.log_table(args.out / files.SLICES)
        run.log_table(args.out / files.CONFUSIONS)
        progress.log_outcome(f"evaluate@{args.benchmark}", args.out, metrics)


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
