"""Two evaluations of one benchmark, photo by photo: what the second gains over the first, and where ranks moved."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weft.errors import ContractError
from weft.evaluation.bootstrap import interval, resampled_shares, shares
from weft.evaluation.search import Floats


@dataclass(frozen=True)
class Scores:
    """What one row of one table gained, question by question."""

    metrics: tuple[str, ...]
    asked: tuple[str, ...]
    """(questions,): photo_id or word, each once."""
    products: tuple[str, ...]
    """(questions,): the product of each; the question itself where it has none."""
    items: tuple[int, ...]
    """(questions,): what the bootstrap draws together, as evaluate does: the sender of a photo, or its product."""
    ranks: tuple[int | None, ...]
    """(questions,): place of the first right answer, from 1; None where the list ends before it."""
    gained: Floats
    """(questions, metrics)."""
    possible: Floats
    """(questions, metrics)."""


@dataclass(frozen=True)
class PairedDifference:
    """One metric in both evaluations, over the questions that both asked."""

    metric: str
    first: float
    second: float
    low: float
    high: float
    """Bounds of the 95 % interval of second - first."""


@dataclass(frozen=True)
class Moved:
    """A question whose first right answer stands elsewhere now."""

    product: str
    asked: str
    first: int | None
    second: int | None


def paired_differences(first: Scores, second: Scores, resamples: int) -> tuple[int, int, list[PairedDifference]]:
    """Compare metric by metric, by the paired bootstrap over items.

    Returns:
        Questions in both, items of these, and the metrics that both have; a metric that neither counts is absent.

    Raises:
        ContractError: No question was asked in both.
    """
    common, rows = _common(first, second)
    metrics = [metric for metric in first.metrics if metric in second.metrics]
    columns = [[of.metrics.index(metric) for metric in metrics] for of in (first, second)]
    gained, possible = (
        np.concatenate(
            [
                getattr(of, name)[np.ix_(row, column)]
                for of, row, column in zip((first, second), rows, columns, strict=True)
            ],
            axis=1,
        )
        for name in ("gained", "possible")
    )
    _, items = np.unique([first.items[row] for row in rows[0]], return_inverse=True)
    values = shares(gained, possible)
    drawn = resampled_shares(gained, possible, items.astype(np.int64), resamples)
    bounds = interval(drawn[:, len(metrics) :] - drawn[:, : len(metrics)])
    found = [
        PairedDifference(metric, *map(float, (values[n], values[len(metrics) + n], *bounds[:, n])))
        for n, metric in enumerate(metrics)
        if not np.isnan(values[[n, len(metrics) + n]]).any()
    ]
    return len(common), int(items.max(initial=-1)) + 1, found


def most_moved(first: Scores, second: Scores, most: int) -> list[Moved]:
    """The questions whose rank changed most, one a product: by the ratio of the ranks, the better first where equal.

    From 2 to 1 counts as much as from 20 to 10. A list that ends before a right answer counts as one place longer
    than the longest rank of either evaluation.
    """
    _, rows = _common(first, second)
    known = [rank for of in (first, second) for rank in of.ranks if rank is not None]
    beyond = max(known, default=0) + 1
    moved = []
    for a, b in zip(*rows, strict=True):
        before, after = first.ranks[a], second.ranks[b]
        ratio = float(np.log((before or beyond) / (after or beyond)))
        if ratio:
            moved.append((-abs(ratio), -ratio, Moved(first.products[a], first.asked[a], before, after)))
    moved.sort(key=lambda entry: (*entry[:2], entry[2].asked))
    best: dict[str, Moved] = {}
    for *_, one in moved:
        best.setdefault(one.product, one)
    return list(best.values())[:most]


def _common(first: Scores, second: Scores) -> tuple[list[str], tuple[Sequence[int], Sequence[int]]]:
    """The questions of both, and their rows in each."""
    places = {asked: row for row, asked in enumerate(second.asked)}
    rows = [(row, places[asked]) for row, asked in enumerate(first.asked) if asked in places]
    if not rows:
        raise ContractError("the two runs have no question in common: they scored other photos")
    return [first.asked[row] for row, _ in rows], ([row for row, _ in rows], [row for _, row in rows])
