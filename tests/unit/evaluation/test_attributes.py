import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.bags import build_word_bags
from weft.evaluation.label_metrics import build_attribute_lists, count_attributes, find_attribute_hits

TYPES = ("texture", "texture", "texture", "texture", "fabric", "fabric")


def compute_found(scores, truth, types=TYPES):
    scores = np.asarray(scores, np.float32)
    bags = build_word_bags(truth)
    return find_attribute_hits(lambda part: scores[part], bags, build_attribute_lists(types), len(types)), bags


def test_there_is_a_list_per_type_and_one_of_all_attributes():
    lists = {name: members.tolist() for name, members in build_attribute_lists(TYPES).items()}
    assert lists == {"texture": [0, 1, 2, 3], "fabric": [4, 5], "all_at_once": [0, 1, 2, 3, 4, 5]}


def test_more_attributes_are_found_within_a_type_than_all_at_once():
    # The fabrics have the lowest scores but are the first of their type.
    hits, bags = compute_found([[9, 8, 7, 6, 5, 4]], [[1, 3, 4]])
    assert hits["texture"].hits[3].tolist() == [1]
    assert hits["texture"].hits[5].tolist() == [2]
    assert hits["fabric"].hits[3].tolist() == [1]
    assert hits["all_at_once"].hits[3].tolist() == [1]
    assert hits["all_at_once"].hits[5].tolist() == [3]
    assert [hits[name].first_hit_ranks.tolist() for name in ("texture", "fabric", "all_at_once")] == [[2], [1], [2]]
    assert count_attributes(bags, np.arange(4), 6).tolist() == [2]


def test_an_attribute_without_words_is_never_found():
    hits, _ = compute_found([[-np.inf, -np.inf, 1, 0, -np.inf, -np.inf]], [[0, 4]])
    assert [hits[name].hits[5].tolist() for name in hits] == [[0], [0], [0]]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(1, 9), st.integers(0, 2**32))
def test_recall_equals_a_naive_computation(photos, attributes, seed):
    rng = np.random.default_rng(seed)
    types = tuple(rng.choice(["a", "b", "c"], attributes).tolist())
    scores = rng.integers(0, 4, (photos, attributes)).astype(np.float32)
    truth = [np.flatnonzero(rng.random(attributes) < 0.4).tolist() for _ in range(photos)]
    hits, _ = compute_found(scores, truth, types)
    for name, members in build_attribute_lists(types).items():
        for k in (3, 5):
            naive = []
            for photo in range(photos):
                ranked = sorted(members.tolist(), key=lambda n: (-scores[photo, n], n))[:k]
                naive.append(len(set(ranked) & set(truth[photo])))
            assert hits[name].hits[k].tolist() == naive


def test_mean_of_types_and_all_at_once_differ_on_the_same_ranking(rng):
    types = tuple(np.repeat(["texture", "fabric", "shape", "part", "style"], 40))
    truth = [sorted(rng.choice(200, 3, replace=False).tolist()) for _ in range(300)]
    hits, bags = compute_found(rng.normal(size=(300, 200)), truth, types)
    pooled = {
        name: hits[name].hits[5].sum() / count_attributes(bags, members, 200).sum()
        for name, members in build_attribute_lists(types).items()
    }
    at_once = pooled.pop("all_at_once")
    # By chance 5 of 40 within a type, 5 of 200 all at once.
    assert np.mean(list(pooled.values())) == pytest.approx(5 / 40, abs=0.03)
    assert at_once == pytest.approx(5 / 200, abs=0.02)
