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


def make_scores(ranks, products=None, query_ids=None, metrics=("recall_at_1",), numerators=None, cluster_ids=None):
    query_ids = tuple(query_ids or (f"q{n}" for n in range(len(ranks))))
    hits = np.array([[float(rank == 1)] for rank in ranks]) if numerators is None else np.array(numerators, float)
    products = tuple(products or query_ids)
    cluster_ids = tuple(np.unique(products, return_inverse=True)[1].tolist()) if cluster_ids is None else cluster_ids
    return RowScores(tuple(metrics), query_ids, products, cluster_ids, tuple(ranks), hits, np.ones_like(hits))


def test_a_difference_uses_the_queries_of_both_runs():
    first = make_scores([1, None, 2, 1], query_ids=["a", "b", "c", "only first"])
    second = make_scores([1, 1, 1, None], query_ids=["c", "b", "a", "only second"])
    n_queries, cluster_ids, (one,) = compute_paired_differences(first, second, 500)
    assert (n_queries, cluster_ids) == (3, 3)
    assert (one.metric, one.first, one.second) == ("recall_at_1", pytest.approx(1 / 3), 1.0)
    assert one.ci_low <= 2 / 3 <= one.ci_high


@pytest.mark.parametrize("products", [[f"p{n // 3}" for n in range(60)], [f"p{n}" for n in range(60)]])
def test_the_interval_is_the_cluster_bootstrap_of_the_differences(products):
    rng = np.random.default_rng(1)
    cluster_ids = tuple(n // 3 for n in range(60))
    a, b = (rng.integers(0, 2, (60, 1)).astype(float) for _ in range(2))
    ranks = [1] * 60
    first, second = (
        make_scores(ranks, products, numerators=numerators, cluster_ids=cluster_ids) for numerators in (a, b)
    )
    _, count, (one,) = compute_paired_differences(first, second, 400)
    assert count == 20
    low, high = percentile_interval(bootstrap_ratios(b - a, np.ones((60, 1)), np.array(cluster_ids), 400))[:, 0]
    assert (one.ci_low, one.ci_high) == (pytest.approx(low), pytest.approx(high))


def test_a_run_has_no_difference_to_itself():
    one = make_scores([1, 3, None, 2])
    (difference,) = compute_paired_differences(one, one, 100)[2]
    assert (difference.ci_low, difference.ci_high) == (0.0, 0.0)
    assert find_largest_rank_changes(one, one, 5) == []


def test_metrics_that_only_one_run_has_are_left_out():
    first = make_scores([1, 2], metrics=("m", "n"), numerators=[[1, 0], [0, 1]])
    second = make_scores([1, 2], metrics=("n",), numerators=[[1], [1]])
    assert [(one.metric, one.first, one.second) for one in compute_paired_differences(first, second, 50)[2]] == [
        ("n", 0.5, 1.0)
    ]


def test_rank_changes_are_sorted_by_ratio_and_list_each_product_once():
    first = make_scores([2, 20, None, 4, 8], ["a", "b", "c", "d", "d"])
    second = make_scores([1, 16, 1, 8, 8], ["a", "b", "c", "d", "d"])
    changes = [(one.product_id, one.first, one.second) for one in find_largest_rank_changes(first, second, 9)]
    assert changes == [("c", None, 1), ("a", 2, 1), ("d", 4, 8), ("b", 20, 16)]
    assert len(find_largest_rank_changes(first, second, 2)) == 2


def test_runs_over_other_photos_cannot_be_compared():
    with pytest.raises(ContractError, match="without a common query"):
        compute_paired_differences(make_scores([1], query_ids=["a"]), make_scores([1], query_ids=["b"]), 10)
