from collections import defaultdict

import numpy as np
import pytest

from weft.evaluation import linear_probe
from weft.evaluation.knn import knn_correct_across_groups, majority_vote
from weft.evaluation.linear_probe import choose_c, fit_and_score_probe, probe_correct_across_groups


def test_the_majority_wins_over_the_nearest():
    assert majority_vote(np.array([[0, 1, 2]]), np.array([[0.9, 0.5, 0.4]]), np.array([7, 3, 3])).tolist() == [3]


def test_equal_votes_go_to_the_larger_similarity_then_to_the_smaller_label():
    rows = np.array([[0, 1, 2, 3]])
    labels = np.array([7, 3, 3, 7])
    assert majority_vote(rows, np.array([[0.9, 0.5, 0.4, 0.3]]), labels).tolist() == [7]
    assert majority_vote(rows, np.array([[0.5, 0.5, 0.5, 0.5]]), labels).tolist() == [3]


def test_a_query_without_neighbours_has_no_predicted_label():
    assert majority_vote(np.array([[-1, -1]]), np.full((1, 2), -np.inf), np.array([1])).tolist() == [-1]


def test_neighbours_of_the_same_group_do_not_vote(search):
    # Photos 0 and 1 are equal, belong to one group and have a label of their own.
    z = np.array([[1, 0], [1, 0], [0.9, 0.1], [0, 1]])
    truth, groups = np.array([0, 0, 1, 1]), np.array([5, 5, 6, 7])
    assert knn_correct_across_groups(z, truth, groups, search, k=1).tolist() == [False, False, False, True]


def test_knn_equals_a_naive_computation(rng, search):
    z, truth, groups = rng.normal(size=(40, 3)), rng.integers(0, 3, 40), rng.integers(0, 8, 40)
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    naive = []
    for i in range(40):
        others = sorted((-(unit[i] @ unit[j]), j) for j in range(40) if groups[j] != groups[i])[:5]
        votes = defaultdict(lambda: [0, 0.0])
        for negative, j in others:
            votes[truth[j]][0] += 1
            votes[truth[j]][1] -= negative
        naive.append(max(votes, key=lambda label: (*votes[label], -label)) == truth[i])
    assert knn_correct_across_groups(z, truth, groups, search).tolist() == naive


def _make_clusters(rng, groups):
    truth = np.repeat([0, 1, 2], 20)
    return np.eye(3)[truth] * 4 + rng.normal(size=(60, 3)) * 0.1, truth, np.arange(60) % groups


def test_the_probe_separates_clusters_and_is_deterministic(rng):
    z, truth, groups = _make_clusters(rng, groups=6)
    first = probe_correct_across_groups(z.astype(np.float16), truth, groups)
    assert first.all()
    assert probe_correct_across_groups(z.astype(np.float16), truth, groups).tolist() == first.tolist()


def test_the_probe_scores_near_chance_on_noise(rng):
    z, truth, groups = rng.normal(size=(300, 5)), rng.integers(0, 3, 300), np.arange(300) % 30
    assert probe_correct_across_groups(z, truth, groups).mean() == pytest.approx(1 / 3, abs=0.1)


def test_the_probe_never_trains_on_the_group_it_scores(rng):
    # Each group is its own far cluster with one label, so only its own photos could predict that label.
    groups = np.repeat(np.arange(6), 10)
    z, truth = np.eye(6)[groups] * 9, groups.copy()
    assert not probe_correct_across_groups(z, truth, groups).any()


def test_fewer_groups_than_folds_are_refused(rng):
    z, truth, groups = _make_clusters(rng, groups=2)
    with pytest.raises(ValueError, match="number of groups: 2"):
        probe_correct_across_groups(z, truth, groups)


def test_the_regularisation_is_chosen_on_val_only(rng):
    # With few photos and many noisy dimensions, stronger regularisation predicts val better.
    truth = np.arange(60) % 2
    z = np.concatenate([truth[:, None] * 1.2, rng.normal(size=(60, 40))], axis=1)
    train, val, test = np.arange(20), np.arange(20, 40), np.arange(40, 60)
    chosen = choose_c(z, truth, train, val)
    accuracies = {
        c: (fit_and_score_probe(z, truth, train, val, c).argmax(1) == truth[val]).mean()
        for c in linear_probe.PROBE_C_VALUES
    }
    assert accuracies[chosen] == max(accuracies.values())
    wrong = truth.copy()
    wrong[test] = 1 - wrong[test]
    assert choose_c(z, wrong, train, val) == chosen


def test_a_label_without_training_photos_is_never_predicted(rng):
    truth = np.array([0, 1, 2] * 10)
    z = np.eye(3)[truth] + 0.01 * rng.normal(size=(30, 3))
    train = np.flatnonzero(truth != 2)
    scores = fit_and_score_probe(z, truth, train, np.arange(30), 0.1)
    assert np.isneginf(scores[:, 2]).all()
    assert (scores.argmax(axis=1)[train] == truth[train]).all()
    alone = fit_and_score_probe(z, truth, np.flatnonzero(truth == 1), np.arange(3), 0.1)
    assert alone.argmax(axis=1).tolist() == [1, 1, 1]


def test_too_many_training_photos_are_sampled_at_even_distances(rng, monkeypatch):
    truth = rng.integers(0, 2, 40)
    z = rng.normal(size=(40, 3))
    monkeypatch.setattr(linear_probe, "MAX_TRAIN_PHOTOS", 20)
    even = fit_and_score_probe(z, truth, np.arange(0, 40), np.arange(5), 0.1)
    monkeypatch.setattr(linear_probe, "MAX_TRAIN_PHOTOS", 40)
    assert even.tolist() == fit_and_score_probe(z, truth, np.arange(0, 40, 2), np.arange(5), 0.1).tolist()
