"""The tables of DeepFashion Category & Attribute: category and attributes, by words, by kNN tags, by linear probe."""

from collections.abc import Mapping

import numpy as np

from weft import params
from weft.bags import WordBags, build_word_bags
from weft.contracts.arrays import Floats, Ints, Matrix
from weft.contracts.search import Search
from weft.contracts.tables import FINETUNED, FROZEN
from weft.datasets.deepfashion_attributes import DeepFashionAttributes
from weft.datasets.deepfashion_files import AttributeNames
from weft.evaluation.benchmark_results import BenchmarkResults
from weft.evaluation.inputs import EvalInputs, EvalPhotos
from weft.evaluation.label_metrics import (
    ALL_AT_ONCE,
    ATTRIBUTE_TOP_K,
    MEAN_OF_TYPES,
    AttributeHits,
    AttributeScorer,
    LabelTask,
    build_attribute_lists,
    count_attributes,
    find_attribute_hits,
    rank_true_labels,
    top_k_correct,
)
from weft.evaluation.linear_probe import MAX_TRAIN_PHOTOS, RIDGE_PENALTIES, fit_ridge, score_split_with_probe
from weft.evaluation.per_query_scores import PerQueryScores, build_slice_columns
from weft.evaluation.tagging_task import build_log_probability_scorers
from weft.evaluation.word_scorers import WordScorer
from weft.evaluation.zero_shot_labels_task import TOP_K as CATEGORY_TOP_K
from weft.text.label_words import find_label_words
from weft.word_scores import score_labels

CATEGORY = "category"
NOTE = (
    "attributes: recall of the photos' attributes, pooled over photos, each type ranked separately; the literature "
    "reports two numbers as All: mean_of_types (Liu et al. 2016 and most others) and all_at_once, one ranking of all "
    "attributes (Corbiere et al. 2017: 23.10 and 30.40), which is far lower by construction"
)


def build_category_task(photos: EvalPhotos) -> dict[str, LabelTask]:
    """Return the task of predicting the category of the test photos; the categories of all photos are candidates."""
    categories = [record.labels[CATEGORY] for record in photos.iter_all_records()]
    labels = sorted(set(categories))
    index_of = {label: index for index, label in enumerate(labels)}
    test = photos.get_split_rows("test")
    targets = np.array([index_of[categories[row]] for row in test], np.int64)
    return {CATEGORY: LabelTask(tuple(labels), test, targets)}


def score_attributes(
    inputs: EvalInputs,
    dataset: DeepFashionAttributes,
    fields: Mapping[str, str],
    settings: params.Evaluate,
    search: Search,
    results: BenchmarkResults,
) -> None:
    """Add "attributes/<type>", their mean and "attributes/all_at_once", and the same under "linear_probe/"."""
    photos, names = inputs.photos, dataset.attribute_names
    test = photos.get_split_rows("test")
    truth = _read_attributes(photos, dataset, test)
    if not truth.sizes.any():
        results.notes.append("attributes are left out: no test photo has one")
        return
    results.notes.append(NOTE)
    scorers = _build_attribute_scorers(inputs, names, test, settings.knn_neighbours, search, results)
    _add_attribute_tables("attributes", scorers, truth, names, photos, fields, results)
    train, val = photos.get_split_rows("train"), photos.get_split_rows("val")
    if not len(train) or not len(val):
        results.notes.append("linear_probe is left out: expected photos in train and val, got none in one of them")
        return
    probes = {
        model: _fit_attribute_probe(z, train, val, test, photos, dataset)
        for model, z in ((FROZEN, photos.frozen), (FINETUNED, photos.finetuned))
    }
    _add_attribute_tables("linear_probe/attributes", probes, truth, names, photos, fields, results)
    _add_category_probe(photos, train, val, fields, results)


def _read_attributes(photos: EvalPhotos, dataset: DeepFashionAttributes, rows: Ints) -> WordBags:
    """Return the attributes of some photos as bags of attribute numbers."""
    return build_word_bags(dataset.get_attributes(record.photo_id) for record in photos.iter_records(rows)).unique()


def _build_attribute_scorers(
    inputs: EvalInputs, names: AttributeNames, test: Ints, neighbours: int, search: Search, results: BenchmarkResults
) -> dict[str, AttributeScorer]:
    """Return scorers of the test photos that average the scores of each attribute's words."""
    word_ids = inputs.words.map_words_to_ids()
    found = [find_label_words(name, word_ids) for name in names.names]
    attribute_words, num_unknown = [words.word_ids for words in found], [len(words.unknown) for words in found]
    num_wordless = sum(not words for words in attribute_words)
    results.counts |= {"attributes": len(attribute_words), "attributes_without_words": num_wordless}
    share = 100 * num_wordless / len(attribute_words)
    results.notes.append(
        f"attributes: {num_wordless:,} of {len(attribute_words):,} ({share:.1f} %) have no word in the vocabulary and "
        "are never predicted from words"
    )

    def to_attribute_scorer(scorer: WordScorer) -> AttributeScorer:
        return lambda photos: score_labels(scorer(photos), attribute_words, num_unknown)

    scorers = build_log_probability_scorers(inputs, test, neighbours, search)
    return {model: to_attribute_scorer(scorer) for model, scorer in scorers.items()}


def _fit_attribute_probe(
    z: Matrix, train: Ints, val: Ints, test: Ints, photos: EvalPhotos, dataset: DeepFashionAttributes
) -> AttributeScorer:
    """Return the ridge scorer of test, with the penalty that has most hits on val, summed over the lists of types."""
    names = dataset.attribute_names
    num_attributes = len(names.names)
    ridge = fit_ridge(z, train, _read_attributes(photos, dataset, train), num_attributes)
    lists = {name: members for name, members in build_attribute_lists(names.types).items() if name != ALL_AT_ONCE}
    truth = _read_attributes(photos, dataset, val)

    def build_scorer(rows: Ints, penalty: float) -> AttributeScorer:
        return lambda photos: ridge.predict(z[rows[photos]], penalty)

    num_hits = {}
    for penalty in RIDGE_PENALTIES:
        val_hits = find_attribute_hits(build_scorer(val, penalty), truth, lists, num_attributes)
        num_hits[penalty] = sum(float(found.hits[k].sum()) for found in val_hits.values() for k in ATTRIBUTE_TOP_K)
    # Ties go to the strongest regularisation.
    best_penalty = max(RIDGE_PENALTIES, key=lambda penalty: (num_hits[penalty], penalty))
    return build_scorer(test, best_penalty)


def _add_attribute_tables(
    prefix: str,
    scorers: Mapping[str, AttributeScorer],
    truth: WordBags,
    names: AttributeNames,
    photos: EvalPhotos,
    fields: Mapping[str, str],
    results: BenchmarkResults,
) -> None:
    """Add one table per list of attributes, and the mean of the types."""
    test = photos.get_split_rows("test")
    lists = build_attribute_lists(names.types)
    hits = {model: find_attribute_hits(scorer, truth, lists, len(names.names)) for model, scorer in scorers.items()}
    slices = build_slice_columns(photos.iter_records(test), fields)
    for name, members in lists.items():
        num_true = count_attributes(truth, members, len(names.names))
        if not num_true.any():
            results.notes.append(f"{prefix}/{name} is left out: no test photo has an attribute of it")
            continue
        list_hits = {model: found[name] for model, found in hits.items()}
        results.tables[f"{prefix}/{name}"] = PerQueryScores(
            query_indices=test,
            cluster_ids=photos.cluster_ids[test],
            numerators={model: _get_numerators(found) for model, found in list_hits.items()},
            denominators={_metric_name(k): num_true for k in ATTRIBUTE_TOP_K},
            upper_bounds={
                _metric_name(k): float(np.minimum(num_true, k).sum() / num_true.sum()) for k in ATTRIBUTE_TOP_K
            },
            first_hit_ranks={model: found.first_hit_ranks for model, found in list_hits.items()},
            slices=slices,
        )
    results.mean_tables[f"{prefix}/{MEAN_OF_TYPES}"] = tuple(
        f"{prefix}/{name}" for name in lists if name != ALL_AT_ONCE and f"{prefix}/{name}" in results.tables
    )


def _get_numerators(found: AttributeHits) -> dict[str, Floats]:
    return {_metric_name(k): found.hits[k] for k in ATTRIBUTE_TOP_K}


def _metric_name(k: int) -> str:
    return f"top_{k}_attribute_recall"


def _add_category_probe(
    photos: EvalPhotos, train: Ints, val: Ints, fields: Mapping[str, str], results: BenchmarkResults
) -> None:
    test = photos.get_split_rows("test")
    if len(train) > MAX_TRAIN_PHOTOS:
        results.notes.append(
            f"linear_probe/category: trained on an evenly spaced sample of at most {MAX_TRAIN_PHOTOS:,} of "
            f"{len(train):,} photos"
        )
    categories = [record.labels[CATEGORY] for record in photos.iter_all_records()]
    targets = np.unique(categories, return_inverse=True)[1].astype(np.int64)
    numerators, ranks = {}, {}
    for model, z in ((FROZEN, photos.frozen), (FINETUNED, photos.finetuned)):
        test_ranks = rank_true_labels(score_split_with_probe(z, targets, train, val, test), targets[test])
        numerators[model] = {
            f"top_{k}_accuracy": top_k_correct(test_ranks, k).astype(np.float64) for k in CATEGORY_TOP_K
        }
        ranks[model] = test_ranks + 1
    results.tables["linear_probe/category"] = PerQueryScores(
        query_indices=test,
        cluster_ids=photos.cluster_ids[test],
        numerators=numerators,
        first_hit_ranks=ranks,
        slices=build_slice_columns(photos.iter_records(test), fields),
    )
