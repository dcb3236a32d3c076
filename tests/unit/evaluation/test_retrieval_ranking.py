import numpy as np

from weft.evaluation.retrieval_metrics import compute_query_metrics, count_positives, first_hit_ranks, rank_gallery

# Photos on a half circle: the angle in degrees is how far they are apart.
ANGLES = np.array([0, 1, 10, 11, 90])
Z = np.stack([np.cos(np.radians(ANGLES)), np.sin(np.radians(ANGLES))], 1)
PRODUCTS = np.array([0, 1, 0, 1, 0])
SEPARATE_GROUPS = np.arange(5)
ALL = np.arange(5)


def test_a_query_never_finds_itself(search):
    ranked = rank_gallery(Z, PRODUCTS, SEPARATE_GROUPS, ALL, ALL, 4, search)
    assert all(query not in found for query, found in zip(ranked.queries, ranked.retrieved, strict=True))


def test_retrieval_equals_a_worked_example(search):
    queries = np.array([0, 3])
    ranked = rank_gallery(Z, PRODUCTS, SEPARATE_GROUPS, queries, ALL, 4, search)
    assert ranked.num_positives.tolist() == [2, 1]
    assert ranked.retrieved.tolist() == [[1, 2, 3, 4], [2, 1, 0, 4]]
    assert ranked.hits.tolist() == [[False, True, False, True], [False, True, False, False]]
    gains = {name: values.tolist() for name, values in compute_query_metrics(ranked, (1, 2), recall_all_k=(2,)).items()}
    assert gains == {"recall_at_1": [0, 0], "recall_at_2": [1, 1], "recall_all_at_2": [0.5, 1], "map_at_r": [0.25, 0]}
    assert first_hit_ranks(ranked.hits).tolist() == [2, 2]


def test_retrieved_rows_are_rows_of_the_benchmark_and_not_of_the_gallery(search):
    ranked = rank_gallery(Z, PRODUCTS, SEPARATE_GROUPS, np.array([0]), np.array([3, 4]), 3, search)
    assert ranked.retrieved.tolist() == [[3, 4, -1]]
    assert ranked.hits.tolist() == [[False, True, False]]


def test_ties_are_broken_by_gallery_order(search):
    same = np.ones((4, 2))
    ranked = rank_gallery(same, np.zeros(4, np.int64), np.arange(4), np.array([1]), np.arange(4), 3, search)
    assert ranked.retrieved.tolist() == [[0, 2, 3]]


def test_an_empty_gallery_leaves_every_rank_empty(search):
    ranked = rank_gallery(Z, PRODUCTS, SEPARATE_GROUPS, np.array([0]), np.array([], np.int64), 2, search)
    assert ranked.retrieved.tolist() == [[-1, -1]]
    assert not ranked.hits.any()


def test_positives_of_the_same_group_do_not_count(rng):
    labels, groups = rng.integers(0, 4, 40), rng.integers(0, 6, 40)
    queries, gallery = np.arange(0, 40, 3), np.arange(1, 40, 2)
    naive = [sum(labels[g] == labels[q] and groups[g] != groups[q] for g in gallery) for q in queries]
    assert count_positives(labels, groups, queries, gallery).tolist() == naive
