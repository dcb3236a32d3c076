"""Confidence intervals by the bootstrap over items: what one item adds stays together when items are drawn again.

Photos of one product succeed and fail together, so drawing single photos would make every interval too narrow
(Field and Welsh, Bootstrapping clustered data, 2007). Two rows of a table are drawn with the same items: the interval
of their difference is paired. Percentile intervals: a share of exactly 0 or 1 has an interval without width.
"""

import numpy as np
import numpy.typing as npt

from weft.evaluation.search import Floats, Ints

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
