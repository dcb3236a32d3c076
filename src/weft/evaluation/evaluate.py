"""Score one benchmark; write its metrics, slices, examples, contact sheet and, for the own catalogue, nearest words."""

import json
from pathlib import Path

from weft import params, tables
from weft.contracts import files
from weft.contracts.search import Search
from weft.datasets.base import EvalDataset
from weft.datasets.deepfashion_attributes import DeepFashionAttributes
from weft.datasets.deepfashion_inshop import InShop
from weft.errors import BenchmarkError
from weft.evaluation.attributes_task import CATEGORY, build_category_task, score_attributes
from weft.evaluation.benchmark_results import BenchmarkResults, flatten_metrics
from weft.evaluation.examples import collect_examples, draw_example_sheet, write_examples
from weft.evaluation.inputs import EvalInputs, EvalPhotos, InputFolders, read_inputs
from weft.evaluation.knn import take_rows
from weft.evaluation.knn_and_probe_task import (
    score_knn_and_probe_across_groups,
    score_knn_and_probe_on_split,
    score_label_retrieval,
)
from weft.evaluation.leakage import assert_no_leakage, find_leakage
from weft.evaluation.retrieval_task import (
    score_catalogue_retrieval,
    score_cross_colour_retrieval,
    score_inshop_retrieval,
)
from weft.evaluation.slices import write_confusions, write_per_query, write_slices
from weft.evaluation.tagging_task import build_word_scorers, score_tagging
from weft.evaluation.text_retrieval_task import score_text_to_photo, score_text_to_product
from weft.evaluation.word_scorers import NearestWords, find_most_predictable_words, find_nearest_words
from weft.evaluation.zero_shot_labels_task import build_label_tasks, score_zero_shot_labels


def evaluate(
    name: str,
    benchmark: params.Benchmark,
    settings: params.Evaluate,
    dataset: EvalDataset,
    catalogue: EvalDataset,
    folders: InputFolders,
    search: Search,
    out: Path,
) -> dict[str, float]:
    """Score a benchmark with the frozen backbone, after train_head and after finetune, and write the folder `out`.

    Args:
        name: The benchmark's name.
        benchmark: Its settings.
        settings: The settings of all benchmarks.
        dataset: The benchmark.
        catalogue: The shop's own catalogue; its training photos are the source of kNN tag transfer.
        folders: The outputs of earlier stages.
        search: Exact search.
        out: The output folder; it is replaced as a whole.

    Returns:
        Every number of the tables by its MLflow name, for example "retrieval/finetuned/recall_at_1".

    Raises:
        BenchmarkError: The benchmark has nothing to measure, or the catalogue's splits leak.
        ContractError: An input is missing or invalid.
        ModelError: The inputs come from different models.
    """
    inputs = read_inputs(name, dataset, catalogue, folders)
    results = score_benchmark(benchmark, settings, inputs, search)
    if not results.tables:
        raise BenchmarkError(f"benchmarks.{name}: nothing to measure; {'; '.join(results.notes) or 'name its labels'}")
    label_fields = [label_set.field for label_set in benchmark.labels.values()]
    if isinstance(dataset, DeepFashionAttributes):
        label_fields = [CATEGORY]
    words = inputs.words.words
    examples = collect_examples(inputs.photos, results, words, label_fields, settings.num_examples)
    num_samples, reader = settings.bootstrap_samples, benchmark.reader.split(":")[0]
    computed = results.compute_tables(num_samples)
    with tables.atomic_write(out) as folder:
        folder.mkdir(parents=True)
        _write_json(folder / files.METRICS, results.to_metrics_json(name, reader, computed, num_samples))
        write_slices(folder / files.SLICES, results, num_samples)
        write_per_query(folder / files.PER_QUERY, results, inputs.photos, words)
        write_confusions(folder / files.CONFUSIONS, results, inputs.photos, get_slice_fields(benchmark))
        write_examples(folder / files.EXAMPLES, examples)
        (folder / files.CONTACT_SHEET).write_bytes(draw_example_sheet(examples))
        if benchmark.reader == "catalogue":
            _write_json(folder / files.NEAREST_WORDS, _find_nearest_words(inputs, search))
    return flatten_metrics(computed)


def score_benchmark(
    benchmark: params.Benchmark, settings: params.Evaluate, inputs: EvalInputs, search: Search
) -> BenchmarkResults:
    """Compute the tables of the benchmark's kind."""
    photos, dataset = inputs.photos, inputs.photos.dataset
    fields = get_slice_fields(benchmark)
    results = BenchmarkResults(counts={"photos": len(photos)}, notes=list(dataset.notes))
    if photos.num_missing:
        results.counts["photos_that_could_not_be_decoded"] = photos.num_missing
    if benchmark.reader == "catalogue":
        _check_leakage(photos, search, results)
        score_catalogue_retrieval(photos, fields, settings.top_k, search, results)
        score_cross_colour_retrieval(photos, fields, settings.top_k, search, results)
        scorers = build_word_scorers(inputs, inputs.test_set.rows, settings.knn_neighbours, search)
        score_tagging(inputs, scorers, fields, settings.tags_top_k, results)
        score_text_to_photo(inputs, scorers, settings.top_k, results)
        score_text_to_product(inputs, fields, settings.top_k, search, results)
    elif isinstance(dataset, InShop):
        score_inshop_retrieval(photos, fields, settings.top_k, search, results)
    elif isinstance(dataset, DeepFashionAttributes):
        score_zero_shot_labels(inputs, build_category_task(photos), fields, settings.knn_neighbours, search, results)
        score_attributes(inputs, dataset, fields, settings, search, results)
    else:
        tasks = build_label_tasks(photos, benchmark.labels)
        if benchmark.zero_shot:
            score_zero_shot_labels(inputs, tasks, fields, settings.knn_neighbours, search, results)
        score_label_retrieval(photos, benchmark, fields, search, results)
        if benchmark.group_field is not None:
            score_knn_and_probe_across_groups(photos, tasks, fields, search, results)
        elif {"train", "test"} <= set(photos.splits):
            score_knn_and_probe_on_split(photos, tasks, fields, search, results)
    return results


def get_slice_fields(benchmark: params.Benchmark) -> dict[str, str]:
    """Return the slices of the benchmark's tables, each with its key in `PhotoRecord.labels`."""
    if benchmark.labels:
        return {name.replace("_", " "): label_set.field for name, label_set in benchmark.labels.items()}
    return {"category": "category", "colour": "colour", "kind of photo": "kind_of_photo", "garment": "garment"}


def _check_leakage(photos: EvalPhotos, search: Search, results: BenchmarkResults) -> None:
    leakage = find_leakage(photos, search)
    assert_no_leakage(leakage)
    num_products, num_pictures = len(leakage.product_ids), len(leakage.duplicate_pairs)
    results.counts |= {"products_in_two_splits": num_products, "pictures_in_two_splits": num_pictures}
    results.notes.append(
        f"leakage: {num_products} products and {num_pictures} pictures are in two splits; "
        f"{leakage.num_compared:,} pairs of similar photos were compared"
    )


def _find_nearest_words(inputs: EvalInputs, search: Search) -> NearestWords:
    """Return the nearest words of the words that the test photos predict best."""
    words, test_set = inputs.words, inputs.test_set
    z = take_rows(inputs.photos.finetuned, test_set.rows)
    chosen = find_most_predictable_words(z, test_set.bags, words.finetuned_w, words.document_frequencies)
    return find_nearest_words(chosen, words.words, words.finetuned_w, search)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
