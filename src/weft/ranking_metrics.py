"""mAP@R of ranked lists, which training measures on val and the evaluation on test."""

import numpy as np

from weft.contracts.arrays import Bools, Floats, Ints


def map_at_r(hits: Bools, num_positives: Ints) -> Floats:
    """Return the average precision at R, where R is the query's number of positives (Musgrave et al. 2020, sec. 3.2).

    It is the mean over the first R positions of the precision up to a position that is a hit, and 0 otherwise.

    Args:
        hits: (queries, positions), with at least max(num_positives) positions or the whole gallery.
        num_positives: (queries,): at least 1 each.
    """
    check_num_positives(num_positives)
    positions = np.arange(1, hits.shape[1] + 1)
    hits_within_r = hits & (positions[None, :] <= num_positives[:, None])
    precision = np.cumsum(hits_within_r, axis=1) / positions
    average: Floats = (precision * hits_within_r).sum(axis=1) / num_positives
    return average


def check_num_positives(num_positives: Ints) -> None:
    """Check that every query has a positive.

    Raises:
        ValueError: A query has none.
    """
    if len(num_positives) and num_positives.min() < 1:
        raise ValueError(
            f"expected at least 1 positive per query, got none for query {int(num_positives.argmin())}; leave such "
            "queries out and count them"
        )
