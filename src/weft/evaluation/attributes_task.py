"""The tables of DeepFashion Category & Attribute: category and attributes, by words, by neighbours, by probe."""

from collections.abc import Mapping

import numpy as np

from weft import params
from weft.datasets.deepfashion_attributes import DeepFashionAttributes
from weft.datasets.deepfashion_files import AttributeNames
from weft.evaluation.bags import Bags, bags_of
from weft.evaluation.inputs import Aligned, Inputs
from weft.evaluation.knn import Floats, Ints, Matrix, Search
from weft.evaluation.label_metrics import (
    ALL_AT_ONCE,
    MEAN_OF_TYPES,
    TOP_K,
    AttributeScores,
    Found,
    LabelTask,
    found,
    label_ranks,
    label_scores,
    lists_of,
    positives,
    top_k_accuracy,
)
from weft.evaluation.linear_probe import MOST_TRAINING, RIDGE_STRENGTHS, fit_ridge, probe_split
from weft.evaluation.outcome import Outcome
from weft.evaluation.results import FINETUNE, FROZEN, Scored, facets_of
from weft.evaluation.tagging_task import word_scorers
from weft.evaluation.zero_shot_labels_task import TOP_K as CATEGORY_TOP_K
from weft.text.label_words import label_to_word_ids

CATEGORY = "category"
SPLITS = ("train", "val", "test")
NOTE = (
    "attributes: recall of the attributes that photos have, pooled over photos, within each type by itself; the "
    "literature prints two numbers as All: mean_of_types (Liu et al. 2016 and most) and all_at_once, one ranking of "
    "all attributes (Corbiere et al. 2017: 23.10 and 30.40), which is far lower by nature"
)


def category_task(photos: Aligned) -> dict[str, LabelTask]:
    """The categories of all photos as candidates, the test photos to tell."""
    names = [record.labels[CATEGORY] for record in photos.all_records()]
    labels = sorted(set(names))
    place = {name: number for number, name in enumerate(labels)}
    test = photos.of_split("test")
    return {CATEGORY: LabelTask(tuple(labels), test, np.array([place[names[row]] for row in test], np.int64))}


def score_attributes(
    inputs: Inputs,
    data: DeepFashionAttributes,
    facets: Mapping[str, str],
    settings: params.Evaluate,
    search: Search,
    outcome: Outcome,
) -> None:
    """Add "attributes/<type>", their mean and "attributes/all_at_once" by words, and the same below "probe/"."""
    photos, names = inputs.photos, data.attribute_names
    test = photos.of_split("test")
    truth = _truth(photos, data, test)
    if not truth.sizes().any():
        outcome.notes.append("attributes are left out: no test photo has one")
        return
    outcome.notes.append(NOTE)
    by_words = _word_scores(inputs, names, test, settings.knn_neighbours, search, outcome)
    _add("attributes", by_words, truth, names, photos, test, facets, outcome)
    train, val = photos.of_split("train"), photos.of_split("val")
    if not len(train) or not len(val):
        outcome.notes.append("probe is left out: wanted photos of train and of val")
        return
    by_probe = {
        model: _probe(z, train, val, test, photos, data)
        for model, z in ((FROZEN, photos.frozen), (FINETUNE, photos.finetuned))
    }
    _add("probe/attributes", by_probe, truth, names, photos, test, facets, outcome)
    _add_category_probe(photos, train, val, test, facets, outcome)


def _truth(photos: Aligned, data: DeepFashionAttributes, rows: Ints) -> Bags:
    return bags_of(data.get_attributes(record.photo_id) for record in photos.records(rows))


def _word_scores(
    inputs: Inputs, names: AttributeNames, test: Ints, neighbours: int, search: Search, outcome: Outcome
) -> dict[str, AttributeScores]:
    ids = inputs.words.ids()
    words = [label_to_word_ids(name, ids) for name in names.names]
    silent = sum(not found for found in words)
    outcome.counts |= {"attributes": len(words), "attributes_without_words": silent}
    outcome.notes.append(
        f"attributes: {silent:,} of {len(words):,} ({100 * silent / len(words):.1f} %) have no word in the vocabulary "
        "and are never found by words"
    )

    def of_attributes(scores: AttributeScores) -> AttributeScores:
        return lambda part: label_scores(scores(part), words)

    scorers = word_scorers(inputs, test, neighbours, search)
    return {model: of_attributes(scores) for model, scores in scorers.items()}


def _probe(
    z: Matrix, train: Ints, val: Ints, test: Ints, photos: Aligned, data: DeepFashionAttributes
) -> AttributeScores:
    """Scores of the ridge whose penalty finds most on val, over all lists of types together."""
    names = data.attribute_names
    count = len(names.names)
    ridge = fit_ridge(z, train, _truth(photos, data, train), count)
    lists = {name: members for name, members in lists_of(names.types).items() if name != ALL_AT_ONCE}
    truth = _truth(photos, data, val)

    def scores_of(rows: Ints, penalty: float) -> AttributeScores:
        return lambda part: ridge.scores(z[rows[part]], penalty)

    right = []
    for penalty in RIDGE_STRENGTHS:
        on_val = found(scores_of(val, penalty), truth, lists, count)
        right.append(sum(float(of.hits[k].sum()) for of in on_val.values() for k in TOP_K))
    # Of equals the one held back most.
    best = max(range(len(RIDGE_STRENGTHS)), key=lambda n: (right[n], RIDGE_STRENGTHS[n]))
    return scores_of(test, RIDGE_STRENGTHS[best])


def _add(
    prefix: str,
    scorers: Mapping[str, AttributeScores],
    truth: Bags,
    names: AttributeNames,
    photos: Aligned,
    test: Ints,
    facets: Mapping[str, str],
    outcome: Outcome,
) -> None:
    lists = lists_of(names.types)
    every = {model: found(scores, truth, lists, len(names.names)) for model, scores in scorers.items()}
    told = facets_of(photos.records(test), facets)
    for name, members in lists.items():
        had = positives(truth, members, len(names.names))
        if not had.any():
            outcome.notes.append(f"{prefix}/{name} is left out: no test photo has an attribute of it")
            continue
        of_list = {model: of[name] for model, of in every.items()}
        outcome.tables[f"{prefix}/{name}"] = Scored(
            photos=test,
            items=photos.items[test],
            gained={model: _metrics(of) for model, of in of_list.items()},
            possible={_metric(k): had for k in TOP_K},
            ceilings={_metric(k): float(np.minimum(had, k).sum() / had.sum()) for k in TOP_K},
            ranks={model: of.first for model, of in of_list.items()},
            facets=told,
        )
    types = tuple(f"{prefix}/{name}" for name in lists if name != ALL_AT_ONCE and f"{prefix}/{name}" in outcome.tables)
    outcome.means[f"{prefix}/{MEAN_OF_TYPES}"] = types


def _metrics(of: Found) -> dict[str, Floats]:
    return {_metric(k): of.hits[k] for k in TOP_K}


def _metric(k: int) -> str:
    return f"top_{k}_attribute_recall"


def _add_category_probe(
    photos: Aligned, train: Ints, val: Ints, test: Ints, facets: Mapping[str, str], outcome: Outcome
) -> None:
    if len(train) > MOST_TRAINING:
        outcome.notes.append(f"probe/category: trained on {MOST_TRAINING:,} or fewer of {len(train):,}, in even steps")
    names = [record.labels[CATEGORY] for record in photos.all_records()]
    truth = np.unique(names, return_inverse=True)[1].astype(np.int64)
    gained, ranks = {}, {}
    for model, z in ((FROZEN, photos.frozen), (FINETUNE, photos.finetuned)):
        of_test = label_ranks(probe_split(z, truth, train, val, test), truth[test])
        gained[model] = {f"top_{k}_accuracy": top_k_accuracy(of_test, k).astype(np.float64) for k in CATEGORY_TOP_K}
        ranks[model] = of_test + 1
    outcome.tables["probe/category"] = Scored(
        photos=test,
        items=photos.items[test],
        gained=gained,
        ranks=ranks,
        facets=facets_of(photos.records(test), facets),
    )
