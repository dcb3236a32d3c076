"""The tables "labels/<set>": labels told by the scores of their words, no classifier and no label in training."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from weft import params
from weft.evaluation.inputs import Aligned, Inputs
from weft.evaluation.knn import Ints, Search
from weft.evaluation.label_metrics import LabelTask, label_ranks, label_scores, label_task, top_k_accuracy
from weft.evaluation.outcome import Outcome, Tagged
from weft.evaluation.results import BAND_NAMES, FINETUNE, WORD_BAND, Facet, Scored, band_of, facets_of
from weft.evaluation.tagging_task import WORDS_SHOWN, word_scorers
from weft.evaluation.word_scores import WordScores, in_parts, top_words
from weft.text.label_words import label_to_word_ids

TOP_K = (1, 3, 5)
"""A k that is no less than the number of labels is left out: it would be 100 % whatever the model."""


@dataclass(frozen=True)
class _WordedTask:
    """A label set that counts, with the word ids of its labels."""

    task: LabelTask
    words: list[list[int]]


def tasks_of(photos: Aligned, label_sets: Mapping[str, params.LabelSet]) -> dict[str, LabelTask]:
    """Which labels and photos count, per label set."""
    values: dict[str, list[str | None]] = {name: [] for name in label_sets}
    for record in photos.all_records():
        for name, label_set in label_sets.items():
            values[name].append(record.labels.get(label_set.field))
    return {
        name: label_task(values[name], label_set.min_photos, label_set.exclude)
        for name, label_set in label_sets.items()
    }


def score_labels(
    inputs: Inputs,
    tasks: Mapping[str, LabelTask],
    facets: Mapping[str, str],
    neighbours: int,
    search: Search,
    outcome: Outcome,
) -> None:
    """Add a table per label set: top-1, top-3 and top-5 accuracy by the words of the labels."""
    worded = _worded(tasks, inputs.words.ids(), outcome)
    if not worded:
        return
    photos = inputs.photos
    counted = np.unique(np.concatenate([labels.task.photos for labels in worded.values()]))
    ranks: dict[str, dict[str, Ints]] = {name: {} for name in worded}
    for model, scores in word_scorers(inputs, counted, neighbours, search).items():
        found, best = _ranks(scores, counted, worded, shown=model == FINETUNE)
        for name, of_set in found.items():
            ranks[name][model] = of_set
        if best is not None:
            outcome.tagged = _tagged(best, counted, found, worded)
    bands = band_of(inputs.words.frequencies, inputs.training.products())
    for name, labels in worded.items():
        outcome.tables[f"labels/{name}"] = _scored(photos, labels, ranks[name], facets, bands)


def _worded(tasks: Mapping[str, LabelTask], ids: Mapping[str, int], outcome: Outcome) -> dict[str, _WordedTask]:
    worded = {}
    for name, task in tasks.items():
        words = [label_to_word_ids(label, ids) for label in task.labels]
        silent = [label for label, found in zip(task.labels, words, strict=True) if not found]
        outcome.counts |= {
            f"{name}_labels": len(task.labels),
            f"{name}_photos": len(task.photos),
            f"{name}_labels_without_words": len(silent),
        }
        if not len(task.photos):
            outcome.notes.append(f"labels/{name} is left out: no label is on enough photos; lower its min_photos")
            continue
        told = f": {', '.join(silent[:10])}; their photos count as wrong" if silent else ""
        outcome.notes.append(
            f"labels/{name}: {len(silent)} of {len(task.labels)} labels ({100 * len(silent) / len(task.labels):.1f} %) "
            f"have no word in the vocabulary{told}"
        )
        worded[name] = _WordedTask(task, words)
    return worded


def _scored(
    photos: Aligned, labels: _WordedTask, ranks: Mapping[str, Ints], facets: Mapping[str, str], bands: Ints
) -> Scored:
    """Every k that is less than the number of labels; the facets include how often the labels' words are said."""
    task = labels.task
    told = [k for k in TOP_K if k == 1 or k < len(task.labels)]
    rarest = np.array([max((int(bands[word]) for word in words), default=-1) for words in labels.words], np.int64)
    worded = float(np.mean(rarest[task.truth] >= 0))
    return Scored(
        photos=task.photos,
        items=photos.items[task.photos],
        gained={
            model: {f"top_{k}_accuracy": top_k_accuracy(of_set, k).astype(np.float64) for k in told}
            for model, of_set in ranks.items()
        },
        ceilings={f"top_{k}_accuracy": worded for k in told},
        ranks={model: np.where(of_set < len(task.labels), of_set + 1, 0) for model, of_set in ranks.items()},
        facets={
            **facets_of(photos.records(task.photos), facets),
            WORD_BAND: Facet(rarest[task.truth], BAND_NAMES),
        },
    )


def _ranks(
    scores: WordScores, counted: Ints, worded: Mapping[str, _WordedTask], shown: bool
) -> tuple[dict[str, Ints], Ints | None]:
    """The rank of every true label per label set, and the best words of every photo when they are to be shown.

    Args:
        scores: Of the photos `counted`.
        counted: (photos that count in a label set,), ascending rows.
        worded: The label sets.
        shown: Whether the best words are wanted.
    """
    ranks: dict[str, list[Ints]] = {name: [] for name in worded}
    best: list[Ints] = []
    places = {name: np.searchsorted(counted, labels.task.photos) for name, labels in worded.items()}
    for part in in_parts(len(counted)):
        of_words = scores(part)
        for name, labels in worded.items():
            first, last = np.searchsorted(places[name], (part.start, part.stop))
            of_labels = label_scores(of_words[places[name][first:last] - part.start], labels.words)
            ranks[name].append(label_ranks(of_labels, labels.task.truth[first:last]))
        if shown:
            best.append(top_words(of_words, WORDS_SHOWN))
    return {name: np.concatenate(parts) for name, parts in ranks.items()}, np.concatenate(best) if best else None


def _tagged(best: Ints, counted: Ints, ranks: Mapping[str, Ints], worded: Mapping[str, _WordedTask]) -> Tagged:
    """The photos that count in a label set; the more of their labels are not the first guess, the worse."""
    wrong = np.zeros(len(counted), np.int64)
    for name, labels in worded.items():
        wrong[np.searchsorted(counted, labels.task.photos)] += ranks[name] > 0
    return Tagged(counted, best, -wrong)
