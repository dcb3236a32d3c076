import numpy as np
import pytest

from weft.errors import ContractError
from weft.evaluation.bootstrap import (
    RowScores,
    bootstrap_ratios,
    compute_paired_differences,
    find_largest_rank_changes,
    percentile_interval,
)


def make_scores(ranks, products=None, query_ids=None, metrics=("recall_at_1",), gained=None, items=None):
    query_ids = tuple(query_ids or (f"q{n}" for n in range(len(ranks))))
    hits = np.array([[float(rank == 1)] for rank in ranks]) if gained is None else np.array(gained, float)
    products = tuple(products or query_ids)
    items = tuple(np.unique(products, return_inverse=True)[1].tolist()) if items is None else items
    return RowScores(tuple(metrics), query_ids, products, items, tuple(ranks), hits, np.ones_like(hits))


def test_a_difference_is_taken_over_the_questions_of_both():
    first = make_scores([1, None, 2, 1], query_ids=["a", "b", "c", "only first"])
    second = make_scores([1, 1, 1, None], query_ids=["c", "b", "a", "only second"])
    questions, items, (one,) = compute_paired_differences(first, second, 500)
    assert (questions, items) == (3, 3)
    assert (one.metric, one.first, one.second) == ("recall_at_1", pytest.approx(1 / 3), 1.0)
    assert one.ci_low <= 2 / 3 <= one.ci_high


@pytest.mark.parametrize("products", [[f"p{n // 3}" for n in range(60)], [f"p{n}" for n in range(60)]])
def test_the_interval_is_the_bootstrap_of_the_differences_item_by_item(products):
    random = np.random.default_rng(1)
    items = tuple(n // 3 for n in range(60))
    a, b = (random.integers(0, 2, (60, 1)).astype(float) for _ in range(2))
    ranks = [1] * 60
    first, second = (make_scores(ranks, products, gained=gained, items=items) for gained in (a, b))
    _, count, (one,) = compute_paired_differences(first, second, 400)
    assert count == 20
    low, high = percentile_interval(bootstrap_ratios(b - a, np.ones((60, 1)), np.array(items), 400))[:, 0]
    assert (one.ci_low, one.ci_high) == (pytest.approx(low), pytest.approx(high))


def test_a_run_does_not_differ_from_itself():
    one = make_scores([1, 3, None, 2])
    (difference,) = compute_paired_differences(one, one, 100)[2]
    assert (difference.ci_low, difference.ci_high) == (0.0, 0.0)
    assert find_largest_rank_changes(one, one, 5) == []


def test_metrics_that_only_one_run_has_are_left_out():
    first = make_scores([1, 2], metrics=("m", "n"), gained=[[1, 0], [0, 1]])
    second = make_scores([1, 2], metrics=("n",), gained=[[1], [1]])
    assert [(one.metric, one.first, one.second) for one in compute_paired_differences(first, second, 50)[2]] == [
        ("n", 0.5, 1.0)
    ]


def test_ranks_move_by_their_ratio_and_each_product_is_named_once():
    first = make_scores([2, 20, None, 4, 8], ["a", "b", "c", "d", "d"])
    second = make_scores([1, 16, 1, 8, 8], ["a", "b", "c", "d", "d"])
    moved = [(one.product_id, one.first, one.second) for one in find_largest_rank_changes(first, second, 9)]
    assert moved == [("c", None, 1), ("a", 2, 1), ("d", 4, 8), ("b", 20, 16)]
    assert len(find_largest_rank_changes(first, second, 2)) == 2


def test_runs_over_other_photos_cannot_be_compared():
    with pytest.raises(ContractError, match="without a common query"):
        compute_paired_differences(make_scores([1], query_ids=["a"]), make_scores([1], query_ids=["b"]), 10)
