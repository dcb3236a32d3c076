"""The tables that look at z with labels: "similar" (the 10 nearest), "neighbours" (5 vote), "probe" (linear)."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from weft import params
from weft.evaluation.inputs import Aligned
from weft.evaluation.knn import Bools, Floats, Ints, Matrix, Search, knn_correct, knn_split_correct
from weft.evaluation.label_metrics import LabelTask
from weft.evaluation.linear_probe import FOLDS, probe_correct, probe_split
from weft.evaluation.outcome import Outcome
from weft.evaluation.results import FINETUNE, FROZEN, Scored, facets_of, of_encoders
from weft.evaluation.retrieval_metrics import Ranking, precision_at_k, rank

NEAREST = 10


def score_similar(
    photos: Aligned, settings: params.Benchmark, facets: Mapping[str, str], search: Search, outcome: Outcome
) -> None:
    """Add "similar": the mean share of the 10 nearest photos with the query's label, per label set and for `same`.

    Every photo with the label is a query and the gallery is the others (of other groups, where there are groups).
    Labels on a photo or two count as well; a note says what a perfect ranking would reach.
    """
    columns = _Columns(photos, facets)
    groups = group_numbers(photos)
    for column, fields in _fields(settings).items():
        labels = _combined(photos, fields)
        labelled = np.flatnonzero(labels >= 0)
        if not len(labelled):
            outcome.notes.append(f"similar: {column} is left out: no photo has all of {', '.join(fields)}")
            continue
        ranked: dict[str, Ranking] = {}
        for model, z in ((FROZEN, photos.frozen), (FINETUNE, photos.finetuned)):
            ranked[model] = rank(z, labels, groups, labelled, labelled, NEAREST, search)
            columns.add(model, column, labelled, precision_at_k(ranked[model].hits, NEAREST))
        ceiling = float(np.minimum(ranked[FROZEN].positives, NEAREST).mean() / NEAREST)
        columns.ceilings[column] = ceiling
        outcome.notes.append(f"similar: {column} is at most {100 * ceiling:.1f} %, so many such photos there are")
        # The last column is the most demanding one, and the one to show.
        outcome.strips = ranked
    columns.to(outcome, "similar")


def score_across_groups(
    photos: Aligned, tasks: Mapping[str, LabelTask], facets: Mapping[str, str], search: Search, outcome: Outcome
) -> None:
    """Add "neighbours" and "probe": labels told from photos of other groups, a column per label set."""
    groups = group_numbers(photos)
    outcome.counts["groups"] = len(np.unique(groups))
    ways: dict[str, Callable[[Matrix, Ints, Ints], Bools]] = {
        "neighbours": lambda z, truth, own: knn_correct(z, truth, own, search),
        "probe": probe_correct,
    }
    for table, way in ways.items():
        columns = _Columns(photos, facets)
        for name, task in tasks.items():
            own = groups[task.photos]
            if len(task.labels) < 2 or len(np.unique(own)) < FOLDS:
                outcome.notes.append(f"{table}: {name} is left out: wanted 2 labels and photos of {FOLDS} groups")
                continue
            for model, z in ((FROZEN, photos.frozen), (FINETUNE, photos.finetuned)):
                columns.add(model, f"{name}_accuracy", task.photos, way(z[task.photos], task.truth, own))
        columns.to(outcome, table)


def score_by_split(
    photos: Aligned, tasks: Mapping[str, LabelTask], facets: Mapping[str, str], search: Search, outcome: Outcome
) -> None:
    """Add "neighbours" and "probe" by the benchmark's own split: test photos told from those of train.

    The probe's regularisation is chosen on val, or on a fifth of train where there is no val.
    """
    split = np.array(photos.splits)
    neighbours, probe = _Columns(photos, facets), _Columns(photos, facets)
    for name, task in tasks.items():
        train, val, test = (np.flatnonzero(split[task.photos] == part) for part in ("train", "val", "test"))
        if len(np.unique(task.truth[train])) < 2 or not len(test):
            outcome.notes.append(
                f"neighbours and probe: {name} is left out: wanted 2 labels in train and photos of test"
            )
            continue
        for model, matrix in ((FROZEN, photos.frozen), (FINETUNE, photos.finetuned)):
            z, counted = matrix[task.photos], task.photos[test]
            told = knn_split_correct(z, task.truth, train, test, search)
            neighbours.add(model, f"{name}_accuracy", counted, told)
            scores = probe_split(z, task.truth, train, val, test)
            probe.add(model, f"{name}_accuracy", counted, scores.argmax(axis=1) == task.truth[test])
    neighbours.to(outcome, "neighbours")
    probe.to(outcome, "probe")


class _Columns:
    """A table whose metrics count different photos: those that have the label."""

    def __init__(self, photos: Aligned, facets: Mapping[str, str]) -> None:
        self.ceilings: dict[str, float] = {}
        self._photos, self._facets = photos, facets
        self._gained: dict[str, dict[str, Floats]] = {FROZEN: {}, FINETUNE: {}}
        self._possible: dict[str, Floats] = {}

    def add(self, model: str, metric: str, counted: Ints, values: Floats | Bools) -> None:
        """The values of the photos that count, for one of the two encoders."""
        self._gained[model][metric], self._possible[metric] = np.zeros((2, len(self._photos)))
        self._gained[model][metric][counted] = values
        self._possible[metric][counted] = 1

    def to(self, outcome: Outcome, table: str) -> None:
        """Hand the table over, if it has a metric."""
        if self._possible:
            outcome.tables[table] = Scored(
                photos=np.arange(len(self._photos)),
                items=self._photos.items,
                gained=of_encoders(self._gained[FROZEN], self._gained[FINETUNE]),
                possible=self._possible,
                ceilings=self.ceilings,
                facets=facets_of(self._photos.all_records(), self._facets),
            )


def group_numbers(photos: Aligned) -> Ints:
    """(photos,): a number per group; photos without a group are each their own."""
    numbers: dict[tuple[str, str | int], int] = {}
    keys = []
    for row, record in enumerate(photos.all_records()):
        key = ("alone", row) if record.group is None else ("group", record.group)
        keys.append(numbers.setdefault(key, len(numbers)))
    return np.array(keys, np.int64)


def _fields(settings: params.Benchmark) -> dict[str, list[str]]:
    """Column of the table to the fields that must agree; the combination last."""
    columns = {f"same_{name}_in_{NEAREST}": [label_set.field] for name, label_set in settings.labels.items()}
    if settings.match_all:
        columns[f"same_in_{NEAREST}"] = [settings.labels[name].field for name in settings.match_all]
    return columns


def _combined(photos: Aligned, fields: Sequence[str]) -> Ints:
    """(photos,): a number per combination of labels, -1 where a photo lacks one."""
    numbers: dict[tuple[str, ...], int] = {}
    found = []
    for record in photos.all_records():
        if all(name in record.labels for name in fields):
            key = tuple(record.labels[name] for name in fields)
            found.append(numbers.setdefault(key, len(numbers)))
        else:
            found.append(-1)
    return np.array(found, np.int64)
