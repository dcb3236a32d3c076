import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from weft.evaluation.label_metrics import build_label_task, rank_true_labels, top_k_correct


def test_rare_labels_are_no_targets_and_are_listed_apart():
    values = ["shirt", None, "dress", "shirt", "hat", "dress", "cap", "bag"]
    task = build_label_task(values, min_photos=2, exclude=["bag"])
    assert (task.labels, task.rare_labels) == (("dress", "shirt"), ("cap", "hat"))
    assert task.photo_rows.tolist() == [0, 2, 3, 5]
    assert task.targets.tolist() == [1, 0, 1, 0]


def test_a_label_without_photos_can_be_left_out():
    task = build_label_task(["men", "unisex", "women", "unisex", "men"], min_photos=1, exclude=["unisex"])
    assert task.labels == ("men", "women")


def test_no_label_on_enough_photos_leaves_nothing():
    task = build_label_task(["shirt", None], min_photos=2)
    assert (task.labels, len(task.photo_rows), len(task.targets)) == ((), 0, 0)


def test_top_k_accuracy_equals_a_worked_example():
    scores = np.array([[0.1, 0.9, 0.5], [0.3, 0.2, 0.1], [0.3, 0.2, 0.1]], np.float32)
    ranks = rank_true_labels(scores, np.array([2, 0, 2]))
    assert ranks.tolist() == [1, 0, 2]
    assert top_k_correct(ranks, 1).tolist() == [False, True, False]
    assert top_k_correct(ranks, 2).tolist() == [True, True, False]
    assert top_k_correct(ranks, 9).all()


def test_ties_go_to_the_first_label():
    scores = np.zeros((2, 3), np.float32)
    assert rank_true_labels(scores, np.array([0, 2])).tolist() == [0, 2]


def test_a_label_without_words_is_never_predicted():
    scores = np.array([[-np.inf, -np.inf]], np.float32)
    ranks = rank_true_labels(scores, np.array([0]))
    assert not top_k_correct(ranks, 2).any()


@given(arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.integers(0, 3)), st.data())
def test_ranks_equal_the_place_in_a_stable_sort(scores, data):
    truth = data.draw(arrays(np.int64, len(scores), elements=st.integers(0, scores.shape[1] - 1)))
    order = np.argsort(-scores, axis=1, kind="stable")
    naive = [row.tolist().index(label) for row, label in zip(order, truth, strict=True)]
    assert rank_true_labels(scores, truth).tolist() == naive


def test_top_0_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        top_k_correct(np.array([0]), 0)
