"""The tables "zero_shot/<label set>": labels predicted by the scores of their words, without training on labels."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from weft import params
from weft.contracts.arrays import Floats, Ints, Scores
from weft.contracts.search import Search
from weft.contracts.tables import FINETUNED
from weft.evaluation.benchmark_results import BenchmarkResults, TagPredictions
from weft.evaluation.inputs import EvalInputs, EvalPhotos
from weft.evaluation.label_metrics import (
    LabelTask,
    build_label_task,
    rank_true_labels,
    top_k_correct,
)
from weft.evaluation.per_query_scores import (
    FREQUENCY_BAND_NAMES,
    WORD_FREQUENCY,
    PerQueryScores,
    SliceColumn,
    assign_frequency_bands,
    build_slice_columns,
)
from weft.evaluation.tagging_task import NUM_WORDS_SHOWN, build_log_probability_scorers
from weft.evaluation.word_scorers import WordScorer, iter_chunks, top_words
from weft.text.label_words import LabelWords, find_label_words
from weft.word_scores import score_labels

TOP_K = (1, 3, 5)
"""A k that is not below the number of labels is left out: the accuracy would be 100 % for any model."""


@dataclass(frozen=True)
class _ZeroShotTask:
    """A label set with the word ids of its labels."""

    task: LabelTask
    label_words: list[LabelWords]
    """What the vocabulary knows of the task's labels, then of its rare labels."""

    def score_labels(self, word_scores: Scores) -> Scores:
        """Return the scores of the labels and of the rare labels, (photos, all labels), from those of the words."""
        word_ids, num_unknown = zip(*((words.word_ids, len(words.unknown)) for words in self.label_words), strict=True)
        return score_labels(word_scores, word_ids, num_unknown)


@dataclass(frozen=True)
class _Ranks:
    """The ranks of the true labels, (labelled photos,) each, 0 for the best."""

    among_labels: Ints
    among_all_labels: Ints
    """Rare labels are candidates too."""


def build_label_tasks(photos: EvalPhotos, label_sets: Mapping[str, params.LabelSet]) -> dict[str, LabelTask]:
    """Return the candidate labels and labelled photos of each label set."""
    values: dict[str, list[str | None]] = {name: [] for name in label_sets}
    for record in photos.iter_all_records():
        for name, label_set in label_sets.items():
            values[name].append(record.labels.get(label_set.field))
    return {
        name: build_label_task(values[name], label_set.min_photos, label_set.exclude)
        for name, label_set in label_sets.items()
    }


def score_zero_shot_labels(
    inputs: EvalInputs,
    tasks: Mapping[str, LabelTask],
    fields: Mapping[str, str],
    neighbours: int,
    search: Search,
    results: BenchmarkResults,
) -> None:
    """Add one table per label set: top-1, top-3 and top-5 accuracy by the words of the labels."""
    zero_shot = _look_up_label_words(tasks, inputs.words.map_words_to_ids(), results)
    if not zero_shot:
        return
    photos = inputs.photos
    labelled = np.unique(np.concatenate([labels.task.photo_rows for labels in zero_shot.values()]))
    ranks: dict[str, dict[str, _Ranks]] = {name: {} for name in zero_shot}
    for model, scorer in build_log_probability_scorers(inputs, labelled, neighbours, search).items():
        model_ranks, best_words = _rank_labels(scorer, labelled, zero_shot, return_best_words=model == FINETUNED)
        for name, set_ranks in model_ranks.items():
            ranks[name][model] = set_ranks
        if best_words is not None:
            results.tag_predictions = _build_tag_predictions(best_words, labelled, model_ranks, zero_shot)
    bands = assign_frequency_bands(inputs.words.document_frequencies, inputs.train_set.count_products())
    for name, labels in zero_shot.items():
        results.tables[f"zero_shot/{name}"] = _build_scores(photos, labels, ranks[name], fields, bands)


def _look_up_label_words(
    tasks: Mapping[str, LabelTask], word_ids: Mapping[str, int], results: BenchmarkResults
) -> dict[str, _ZeroShotTask]:
    """Return the label sets that have photos, and note how many labels have no word in the vocabulary."""
    zero_shot = {}
    for name, task in tasks.items():
        label_words = [find_label_words(label, word_ids) for label in (*task.labels, *task.rare_labels)]
        known = dict(zip(task.labels, label_words[: len(task.labels)], strict=True))
        wordless = [label for label, words in known.items() if not words.word_ids]
        results.counts |= {
            f"{name}_labels": len(task.labels),
            f"{name}_photos": len(task.photo_rows),
            f"{name}_labels_without_words": len(wordless),
        }
        if not len(task.photo_rows):
            results.notes.append(f"zero_shot/{name} is left out: no label is on enough photos; lower its min_photos")
            continue
        examples = f": {', '.join(wordless[:10])}; their photos count as wrong" if wordless else ""
        share = 100 * len(wordless) / len(task.labels)
        results.notes.append(
            f"zero_shot/{name}: {len(wordless)} of {len(task.labels)} labels ({share:.1f} %) have no word in the "
            f"vocabulary{examples}"
        )
        partly = [
            f"{label} (not {', '.join(words.unknown)})"
            for label, words in known.items()
            if words.word_ids and words.unknown
        ]
        if partly:
            results.notes.append(
                f"zero_shot/{name}: the vocabulary knows only a part of {', '.join(partly[:10])}; an unknown word "
                "counts as the average word of the vocabulary"
            )
        zero_shot[name] = _ZeroShotTask(task, label_words)
    return zero_shot


def _build_scores(
    photos: EvalPhotos, labels: _ZeroShotTask, ranks: Mapping[str, _Ranks], fields: Mapping[str, str], bands: Ints
) -> PerQueryScores:
    """Build the table of one label set, sliced by the fields and by the frequency of a label's rarest word."""
    task = labels.task
    top_k = [k for k in TOP_K if k == 1 or k < len(task.labels)]
    rarest_band = np.array(
        [max((int(bands[word]) for word in words.word_ids), default=-1) for words in labels.label_words], np.int64
    )
    predictable_share = float(np.mean(rarest_band[task.targets] >= 0))
    numerators = {model: _count_correct(set_ranks, top_k, bool(task.rare_labels)) for model, set_ranks in ranks.items()}
    return PerQueryScores(
        query_indices=task.photo_rows,
        cluster_ids=photos.cluster_ids[task.photo_rows],
        numerators=numerators,
        upper_bounds=dict.fromkeys(next(iter(numerators.values())), predictable_share),
        first_hit_ranks={
            model: np.where(set_ranks.among_labels < len(task.labels), set_ranks.among_labels + 1, 0)
            for model, set_ranks in ranks.items()
        },
        slices={
            **build_slice_columns(photos.iter_records(task.photo_rows), fields),
            WORD_FREQUENCY: SliceColumn(rarest_band[task.targets], FREQUENCY_BAND_NAMES),
        },
    )


def _count_correct(ranks: _Ranks, top_k: list[int], has_rare_labels: bool) -> dict[str, Floats]:
    """Return the metrics of one row, (labelled photos,) each: 1 where the true label is among the first k."""
    correct = {f"top_{k}_accuracy": top_k_correct(ranks.among_labels, k).astype(np.float64) for k in top_k}
    if has_rare_labels:
        correct["top_1_accuracy_with_rare_labels"] = top_k_correct(ranks.among_all_labels, 1).astype(np.float64)
    return correct


def _rank_labels(
    scorer: WordScorer, labelled: Ints, zero_shot: Mapping[str, _ZeroShotTask], return_best_words: bool
) -> tuple[dict[str, _Ranks], Ints | None]:
    """Return the ranks of every true label per label set and, if requested, the best words of every photo.

    Args:
        scorer: The scorer of the photos `labelled`.
        labelled: Rows of the photos of all label sets, ascending.
        zero_shot: The label sets.
        return_best_words: Whether to return the best words.
    """
    ranks: dict[str, list[tuple[Ints, Ints]]] = {name: [] for name in zero_shot}
    best_words: list[Ints] = []
    positions = {name: np.searchsorted(labelled, labels.task.photo_rows) for name, labels in zero_shot.items()}
    for chunk in iter_chunks(len(labelled)):
        word_scores = scorer(chunk)
        for name, labels in zero_shot.items():
            first, last = np.searchsorted(positions[name], (chunk.start, chunk.stop))
            scores = labels.score_labels(word_scores[positions[name][first:last] - chunk.start])
            targets = labels.task.targets[first:last]
            among_labels = rank_true_labels(scores[:, : len(labels.task.labels)], targets)
            ranks[name].append((among_labels, rank_true_labels(scores, targets)))
        if return_best_words:
            best_words.append(top_words(word_scores, NUM_WORDS_SHOWN))
    joined = {name: _Ranks(*map(np.concatenate, zip(*parts, strict=True))) for name, parts in ranks.items()}
    return joined, np.concatenate(best_words) if best_words else None


def _build_tag_predictions(
    best_words: Ints, labelled: Ints, ranks: Mapping[str, _Ranks], zero_shot: Mapping[str, _ZeroShotTask]
) -> TagPredictions:
    """Return the predicted words; the quality falls with the number of label sets whose first guess is wrong."""
    num_wrong = np.zeros(len(labelled), np.int64)
    for name, labels in zero_shot.items():
        num_wrong[np.searchsorted(labelled, labels.task.photo_rows)] += ranks[name].among_labels > 0
    return TagPredictions(labelled, best_words, -num_wrong)
