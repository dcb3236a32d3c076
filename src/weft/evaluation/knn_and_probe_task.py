"""The tables that compare z with labels: "label_retrieval" (10 nearest), "knn" (5 vote) and "linear_probe"."""

from collections.abc import Mapping, Sequence

import numpy as np

from weft import params
from weft.contracts.arrays import Bools, Floats, Ints
from weft.contracts.search import Search
from weft.contracts.tables import FINETUNED, FROZEN
from weft.evaluation.benchmark_results import BenchmarkResults
from weft.evaluation.inputs import EvalPhotos
from weft.evaluation.knn import knn_correct_across_groups, knn_correct_on_split
from weft.evaluation.label_metrics import LabelTask
from weft.evaluation.linear_probe import NUM_FOLDS, probe_correct_across_groups, score_split_with_probe
from weft.evaluation.per_query_scores import PerQueryScores, build_slice_columns, encoder_rows
from weft.evaluation.retrieval_metrics import RankedLists, precision_at_k, rank_gallery

LABEL_RETRIEVAL_K = 10


def score_label_retrieval(
    photos: EvalPhotos,
    settings: params.Benchmark,
    fields: Mapping[str, str],
    search: Search,
    results: BenchmarkResults,
) -> None:
    """Add "label_retrieval": precision_at_10 per label set, and for the label sets that must all match.

    Every photo with the label is a query; the gallery is all other such photos (of other groups, where there are
    groups). Labels on one or two photos count too; a note states the value of a perfect ranking.
    """
    table = _TableBuilder(photos, fields)
    groups = number_groups(photos)
    for metric, label_fields in _get_metric_fields(settings).items():
        labels = _number_label_combinations(photos, label_fields)
        labelled = np.flatnonzero(labels >= 0)
        if not len(labelled):
            results.notes.append(
                f"label_retrieval: {metric} is left out: no photo has all of {', '.join(label_fields)}"
            )
            continue
        ranked: dict[str, RankedLists] = {}
        for model, z in ((FROZEN, photos.frozen), (FINETUNED, photos.finetuned)):
            ranked[model] = rank_gallery(z, labels, groups, labelled, labelled, LABEL_RETRIEVAL_K, search)
            table.add(model, metric, labelled, precision_at_k(ranked[model].hits, LABEL_RETRIEVAL_K))
        num_reachable = np.minimum(ranked[FROZEN].num_positives, LABEL_RETRIEVAL_K)
        upper_bound = float(num_reachable.mean() / LABEL_RETRIEVAL_K)
        table.upper_bounds[metric] = upper_bound
        results.notes.append(
            f"label_retrieval: {metric} is at most {100 * upper_bound:.1f} %, because some labels are on few photos"
        )
        # The last metric is the strictest one; its ranked lists become the examples.
        results.ranked_examples = ranked
    table.add_to(results, "label_retrieval")


def score_knn_and_probe_across_groups(
    photos: EvalPhotos,
    tasks: Mapping[str, LabelTask],
    fields: Mapping[str, str],
    search: Search,
    results: BenchmarkResults,
) -> None:
    """Add "knn" and "linear_probe": labels predicted from photos of other groups, one metric per label set."""
    groups = number_groups(photos)
    results.counts["groups"] = len(np.unique(groups))
    knn, probe = _TableBuilder(photos, fields), _TableBuilder(photos, fields)
    for name, task in tasks.items():
        task_groups = groups[task.photo_rows]
        num_groups = len(np.unique(task_groups))
        if len(task.labels) < 2 or num_groups < NUM_FOLDS:
            results.notes.append(
                f"knn and linear_probe: {name} is left out: expected at least 2 labels and photos of {NUM_FOLDS} "
                f"groups, got {len(task.labels)} labels and {num_groups} groups"
            )
            continue
        metric = f"{name}_accuracy"
        for model, every_z in ((FROZEN, photos.frozen), (FINETUNED, photos.finetuned)):
            z = every_z[task.photo_rows]
            correct = knn_correct_across_groups(z, task.targets, task_groups, search)
            knn.add(model, metric, task.photo_rows, correct)
            correct = probe_correct_across_groups(z, task.targets, task_groups)
            probe.add(model, metric, task.photo_rows, correct)
    knn.add_to(results, "knn")
    probe.add_to(results, "linear_probe")


def score_knn_and_probe_on_split(
    photos: EvalPhotos,
    tasks: Mapping[str, LabelTask],
    fields: Mapping[str, str],
    search: Search,
    results: BenchmarkResults,
) -> None:
    """Add "knn" and "linear_probe" on the benchmark's own split: labels of test predicted from the photos of train.

    The probe's regularisation is chosen on val, or on a fifth of train where there is no val.
    """
    split = np.array(photos.splits)
    knn, probe = _TableBuilder(photos, fields), _TableBuilder(photos, fields)
    for name, task in tasks.items():
        train, val, test = (np.flatnonzero(split[task.photo_rows] == part) for part in ("train", "val", "test"))
        num_labels = len(np.unique(task.targets[train]))
        if num_labels < 2 or not len(test):
            results.notes.append(
                f"knn and linear_probe: {name} is left out: expected at least 2 labels in train and photos in test, "
                f"got {num_labels} labels and {len(test)} photos"
            )
            continue
        metric, test_rows = f"{name}_accuracy", task.photo_rows[test]
        for model, every_z in ((FROZEN, photos.frozen), (FINETUNED, photos.finetuned)):
            z = every_z[task.photo_rows]
            knn.add(model, metric, test_rows, knn_correct_on_split(z, task.targets, train, test, search))
            scores = score_split_with_probe(z, task.targets, train, val, test)
            probe.add(model, metric, test_rows, scores.argmax(axis=1) == task.targets[test])
    knn.add_to(results, "knn")
    probe.add_to(results, "linear_probe")


class _TableBuilder:
    """A table whose metrics count different photos: those with a label of the label set."""

    def __init__(self, photos: EvalPhotos, fields: Mapping[str, str]) -> None:
        self.upper_bounds: dict[str, float] = {}
        self._photos, self._fields = photos, fields
        self._numerators: dict[str, dict[str, Floats]] = {FROZEN: {}, FINETUNED: {}}
        self._denominators: dict[str, Floats] = {}

    def add(self, model: str, metric: str, counted: Ints, values: Floats | Bools) -> None:
        """Add the values of the photos that the metric counts, for one of the two encoders."""
        self._numerators[model][metric], self._denominators[metric] = np.zeros((2, len(self._photos)))
        self._numerators[model][metric][counted] = values
        self._denominators[metric][counted] = 1

    def add_to(self, results: BenchmarkResults, table: str) -> None:
        """Add the table to the results if it has a metric."""
        if self._denominators:
            results.tables[table] = PerQueryScores(
                query_indices=np.arange(len(self._photos)),
                cluster_ids=self._photos.cluster_ids,
                numerators=encoder_rows(self._numerators[FROZEN], self._numerators[FINETUNED]),
                denominators=self._denominators,
                upper_bounds=self.upper_bounds,
                slices=build_slice_columns(self._photos.iter_all_records(), self._fields),
            )


def number_groups(photos: EvalPhotos) -> Ints:
    """Return an integer per group, (photos,); each photo without a group is its own group."""
    numbers: dict[tuple[str, str | int], int] = {}
    groups = []
    for row, record in enumerate(photos.iter_all_records()):
        key = ("photo", row) if record.group is None else ("group", record.group)
        groups.append(numbers.setdefault(key, len(numbers)))
    return np.array(groups, np.int64)


def _get_metric_fields(settings: params.Benchmark) -> dict[str, list[str]]:
    """Return the label fields that must match for each metric; the combination of label sets comes last."""
    k = LABEL_RETRIEVAL_K
    metrics = {f"{name}_precision_at_{k}": [label_set.field] for name, label_set in settings.labels.items()}
    if settings.match_all:
        metrics[f"joint_precision_at_{k}"] = [settings.labels[name].field for name in settings.match_all]
    return metrics


def _number_label_combinations(photos: EvalPhotos, fields: Sequence[str]) -> Ints:
    """Return an integer per combination of labels, (photos,); -1 where a photo lacks one of them."""
    numbers: dict[tuple[str, ...], int] = {}
    combinations = []
    for record in photos.iter_all_records():
        if all(name in record.labels for name in fields):
            key = tuple(record.labels[name] for name in fields)
            combinations.append(numbers.setdefault(key, len(numbers)))
        else:
            combinations.append(-1)
    return np.array(combinations, np.int64)
