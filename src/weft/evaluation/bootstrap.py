"""Confidence intervals by the bootstrap over items: what one item adds stays together when items are drawn again.

Photos of one product succeed and fail together, so drawing single photos would make every interval too narrow
(Field and Welsh, Bootstrapping clustered data, 2007). Two rows of a table are drawn with the same items: the interval
of their difference is paired. Percentile intervals: a share of exactly 0 or 1 has an interval without width.

Two evaluations of one benchmark, photo by photo: what the second gains over the first, and where ranks moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.errors import ContractError
from weft.evaluation.knn import Floats, Ints

LEVEL = 0.95
SEED = 1
"""Fixed, so that what is measured is a function of what is measured on."""
_DRAWS_AT_ONCE = 4_000_000
"""Items drawn in one step: 32 MB of numbers, however large the test set."""


def shares(gained: Floats, possible: Floats) -> Floats:
    """The sum of what was gained over the sum of what was possible, column by column; NaN where nothing was.

    Args:
        gained: (observations, columns).
        possible: (observations, columns).
    """
    total = possible.sum(axis=0)
    share: Floats = np.divide(gained.sum(axis=0), total, out=np.full(len(total), np.nan), where=total > 0)
    return share


def resampled_shares(gained: Floats, possible: Floats, items: Ints, resamples: int, seed: int = SEED) -> Floats:
    """The shares that as many draws of the same number of items give, with replacement.

    One draw is a count per item, so all draws of all columns are two matrix products.

    Args:
        gained: (observations, columns).
        possible: (observations, columns).
        items: (observations,): the item that each observation belongs to, any numbers.
        resamples: How many draws.
        seed: The same seed and number of items give the same draws, whatever the columns hold.

    Returns:
        (resamples, columns); NaN where a draw had nothing to gain.
    """
    _, item = np.unique(items, return_inverse=True)
    count = int(item.max(initial=-1)) + 1
    if not count:
        return np.full((resamples, gained.shape[1]), np.nan)
    sums = np.stack([_by_item(gained, item, count), _by_item(possible, item, count)])
    random = np.random.default_rng(seed)
    found = np.empty((resamples, gained.shape[1]))
    step = max(1, _DRAWS_AT_ONCE // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = random.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)
        gain, total = times @ sums[0], times @ sums[1]
        found[start : start + rows] = np.divide(gain, total, out=np.full(gain.shape, np.nan), where=total > 0)
    return found


def interval(resampled: Floats) -> npt.NDArray[np.float64]:
    """The middle LEVEL of the resampled values of each column, (2, columns): low and high; NaN without values."""
    bounds = np.full((2, resampled.shape[1]), np.nan)
    for column, values in enumerate(resampled.T):
        known = values[~np.isnan(values)]
        if len(known):
            bounds[:, column] = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return bounds


def _by_item(values: Floats, item: Ints, count: int) -> Floats:
    return np.stack([np.bincount(item, column, minlength=count) for column in values.T], axis=1)


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
