"""One benchmark scored: metrics.json, examples, contact sheet and, for the own catalogue, the nearest words."""

import json
from pathlib import Path

from weft import params, tables
from weft.contracts import files
from weft.datasets.base import EvalDataset
from weft.datasets.deepfashion_attributes import DeepFashionAttributes
from weft.datasets.deepfashion_inshop import InShop
from weft.errors import BenchmarkError
from weft.evaluation.attributes_task import CATEGORY, category_task, score_attributes
from weft.evaluation.bags import bags_of
from weft.evaluation.examples import collect_examples, example_sheet, write_examples
from weft.evaluation.inputs import Aligned, Folders, Inputs, read_inputs
from weft.evaluation.knn import Search, rows_of
from weft.evaluation.knn_and_probe_task import score_across_groups, score_by_split, score_similar
from weft.evaluation.leakage import find_leaks, refuse_leaks
from weft.evaluation.outcome import Outcome, flat
from weft.evaluation.retrieval_task import score_across_colours, score_inshop_retrieval, score_own_retrieval
from weft.evaluation.slices import write_breakdown, write_confusions, write_scores
from weft.evaluation.tagging_task import score_tags, word_scorers
from weft.evaluation.text_retrieval_task import score_texts_to_products, score_words_to_photos
from weft.evaluation.word_scores import NearestWords, nearest_words, seen_words
from weft.evaluation.zero_shot_labels_task import score_labels, tasks_of


def evaluate(
    name: str,
    benchmark: params.Benchmark,
    settings: params.Evaluate,
    data: EvalDataset,
    own: EvalDataset,
    folders: Folders,
    search: Search,
    out: Path,
) -> dict[str, float]:
    """Score a benchmark before training, after fit_words and after finetune, and write the folder `out` whole.

    Args:
        name: The benchmark's name.
        benchmark: Its settings.
        settings: What is measured everywhere.
        data: The benchmark, opened.
        own: The own catalogue, opened; its training photos lend their words.
        folders: Outs of the stages before.
        search: Exact search.
        out: A folder.

    Returns:
        Every number of the tables by a flat name: "retrieval/after_finetune/recall_at_1".

    Raises:
        BenchmarkError: There is nothing to measure on it.
        ContractError: An input is missing or broken.
        ModelError: The inputs come from different models.
    """
    inputs = read_inputs(name, data, own, folders)
    outcome = score(benchmark, settings, inputs, search)
    if not outcome.tables:
        raise BenchmarkError(f"benchmarks.{name}: nothing to measure; {'; '.join(outcome.notes) or 'name its labels'}")
    fields = [label_set.field for label_set in benchmark.labels.values()]
    if isinstance(data, DeepFashionAttributes):
        fields = [CATEGORY]
    examples = collect_examples(inputs.photos, outcome, inputs.words.words, fields, settings.num_examples)
    measured = outcome.measured(settings.bootstrap_samples)
    with tables.atomic_write(out) as folder:
        folder.mkdir(parents=True)
        _write_json(
            folder / files.METRICS,
            outcome.metrics(name, benchmark.reader.split(":")[0], measured, settings.bootstrap_samples),
        )
        write_breakdown(folder / files.BREAKDOWN, outcome, settings.bootstrap_samples)
        write_scores(folder / files.SCORES, outcome, inputs.photos, inputs.words.words)
        write_confusions(folder / files.CONFUSIONS, outcome, inputs.photos, facet_fields(benchmark))
        write_examples(folder / files.EXAMPLES, examples)
        (folder / files.CONTACT_SHEET).write_bytes(example_sheet(examples))
        if benchmark.reader == "catalogue":
            _write_json(folder / files.NEAREST_WORDS, _nearest_words(inputs, search))
    return flat(measured)


def score(benchmark: params.Benchmark, settings: params.Evaluate, inputs: Inputs, search: Search) -> Outcome:
    """Every table that the benchmark's reader calls for."""
    photos, data = inputs.photos, inputs.photos.data
    facets = facet_fields(benchmark)
    outcome = Outcome(counts={"photos": len(photos)}, notes=list(photos.data.notes))
    if photos.missing:
        outcome.counts["photos_that_could_not_be_decoded"] = photos.missing
    if benchmark.reader == "catalogue":
        _check_leaks(photos, search, outcome)
        score_own_retrieval(photos, facets, settings.top_k, search, outcome)
        score_across_colours(photos, facets, settings.top_k, search, outcome)
        scorers = word_scorers(inputs, photos.of_split("test"), settings.knn_neighbours, search)
        score_tags(inputs, scorers, facets, settings.tags_top_k, outcome)
        score_words_to_photos(inputs, scorers, settings.top_k, outcome)
        score_texts_to_products(inputs, facets, settings.top_k, search, outcome)
    elif isinstance(data, InShop):
        score_inshop_retrieval(photos, facets, settings.top_k, search, outcome)
    elif isinstance(data, DeepFashionAttributes):
        score_labels(inputs, category_task(photos), facets, settings.knn_neighbours, search, outcome)
        score_attributes(inputs, data, facets, settings, search, outcome)
    else:
        tasks = tasks_of(photos, benchmark.labels)
        if benchmark.zero_shot:
            score_labels(inputs, tasks, facets, settings.knn_neighbours, search, outcome)
        score_similar(photos, benchmark, facets, search, outcome)
        if benchmark.group_field is not None:
            score_across_groups(photos, tasks, facets, search, outcome)
        elif {"train", "test"} <= set(photos.splits):
            score_by_split(photos, tasks, facets, search, outcome)
    return outcome


def facet_fields(benchmark: params.Benchmark) -> dict[str, str]:
    """By what this benchmark's tables are told apart: facet to the field of a record's labels."""
    if benchmark.labels:
        return {name.replace("_", " "): label_set.field for name, label_set in benchmark.labels.items()}
    return {"category": "category", "colour": "colour", "kind of photo": "kind_of_photo", "garment": "garment"}


def _check_leaks(photos: Aligned, search: Search, outcome: Outcome) -> None:
    leaks = find_leaks(photos, search)
    refuse_leaks(leaks)
    outcome.counts |= {"products_in_two_splits": len(leaks.products), "pictures_in_two_splits": len(leaks.pictures)}
    outcome.notes.append(
        f"leaks: {len(leaks.products)} products and {len(leaks.pictures)} pictures stand in two splits; "
        f"{leaks.compared:,} pairs of photos that look alike were compared"
    )


def _nearest_words(inputs: Inputs, search: Search) -> NearestWords:
    test = inputs.photos.of_split("test")
    bags = bags_of(record.word_ids for record in inputs.photos.records(test))
    words = inputs.words
    chosen = seen_words(rows_of(inputs.photos.finetuned, test), bags, words.finetuned, words.frequencies)
    return nearest_words(chosen, words.words, words.finetuned, search)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
