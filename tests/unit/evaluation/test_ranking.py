import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from weft.evaluation.retrieval_metrics import (
    find_hits,
    first_hit_index,
    precision_at_k,
    recall_all_at_k,
    recall_at_k,
)
from weft.ranking_metrics import map_at_r

# Three queries, four places. The gallery holds 1, 3 and 2 of their positives.
HITS = np.array([[0, 1, 0, 0], [1, 0, 1, 1], [0, 0, 0, 0]], bool)
POSITIVES = np.array([1, 3, 2])


def test_recall_counts_a_query_once_for_any_number_of_hits():
    assert recall_at_k(HITS, 1).tolist() == [0, 1, 0]
    assert recall_at_k(HITS, 2).tolist() == [1, 1, 0]


def test_recall_all_is_the_share_of_positives_found():
    assert recall_all_at_k(HITS, POSITIVES, 1).tolist() == pytest.approx([0, 1 / 3, 0])
    assert recall_all_at_k(HITS, POSITIVES, 4).tolist() == pytest.approx([1, 1, 0])


def test_precision_divides_by_k():
    assert precision_at_k(HITS, 4).tolist() == pytest.approx([1 / 4, 3 / 4, 0])


def test_map_at_r_equals_a_worked_example():
    # Query 2 has three positives: places 1 and 3 of its first three are hits, with precisions 1 and 2/3.
    assert map_at_r(HITS, POSITIVES).tolist() == pytest.approx([0, (1 + 2 / 3) / 3, 0])


def test_a_k_above_the_gallery_size_counts_missing_ranks_as_misses():
    assert recall_at_k(HITS, 100).tolist() == [1, 1, 0]
    assert precision_at_k(HITS, 8).tolist() == pytest.approx([1 / 8, 3 / 8, 0])
    assert map_at_r(np.array([[True, True]]), np.array([4])).tolist() == [0.5]


def test_a_perfect_ranking_scores_one():
    hits = np.array([[1, 1, 0], [1, 0, 0]], bool)
    positives = np.array([2, 1])
    assert map_at_r(hits, positives).tolist() == [1, 1]
    assert recall_all_at_k(hits, positives, 2).tolist() == [1, 1]


def test_empty_ranks_are_never_hits():
    hits = find_hits(np.array([[1, -1], [0, -1]]), np.array([5, 5]), np.array([4, 5]))
    assert hits.tolist() == [[True, False], [False, False]]
    assert find_hits(np.array([[-1]]), np.array([5]), np.array([], np.int64)).tolist() == [[False]]


def test_the_first_hit_rank_is_past_the_end_without_a_hit():
    assert first_hit_index(HITS).tolist() == [1, 0, 4]
    assert first_hit_index(np.zeros((2, 0), bool)).tolist() == [0, 0]


def test_a_query_without_positives_is_refused():
    with pytest.raises(ValueError, match="got none for query 1"):
        map_at_r(HITS[:2], np.array([1, 0]))


@pytest.mark.parametrize("metric", [recall_at_k, precision_at_k])
def test_k_below_one_is_refused(metric):
    with pytest.raises(ValueError, match="at least 1"):
        metric(HITS, 0)


def _naive_map_at_r(hits, positives):
    values = []
    for row, r in zip(hits, positives, strict=True):
        total = 0.0
        for i in range(min(r, len(row))):
            if row[i]:
                total += sum(row[: i + 1]) / (i + 1)
        values.append(total / r)
    return values


@given(arrays(bool, st.tuples(st.integers(1, 5), st.integers(1, 7))), st.integers(1, 9), st.data())
def test_every_metric_equals_a_naive_computation(hits, k, data):
    extra = data.draw(arrays(np.int64, len(hits), elements=st.integers(0, 3)))
    positives = np.maximum(hits.sum(axis=1) + extra, 1)
    assert recall_at_k(hits, k).tolist() == [float(any(row[:k])) for row in hits]
    assert precision_at_k(hits, k).tolist() == pytest.approx([sum(row[:k]) / k for row in hits])
    found = [sum(row[:k]) / r for row, r in zip(hits, positives, strict=True)]
    assert recall_all_at_k(hits, positives, k).tolist() == pytest.approx(found)
    assert map_at_r(hits, positives).tolist() == pytest.approx(_naive_map_at_r(hits, positives))
