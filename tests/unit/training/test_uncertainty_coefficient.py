"""What photos explain of a word: all when scores tell it, nothing when they do not, little when it is rarely right."""

import math

import numpy as np
import pytest

from weft.bags import build_word_bags
from weft.training import word_weights
from weft.training.word_weights import measure_uncertainty_coefficients, uncertainty_coefficient


def make_scores(seed, photos=600):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(photos, 4)).astype(np.float32)
    sure, _, rare, blurred = scores.T
    present = np.stack(
        [
            sure > 0,
            rng.random(photos) < 0.5,
            (rare > 0) & (rng.random(photos) < 0.02),
            blurred + rng.normal(size=photos) > 0,
        ],
        axis=1,
    )
    return scores, present


def naive_uncertainty(scores, present, val_scores, val_present):
    """One word, photo by photo."""
    cuts = np.quantile(scores, np.linspace(0, 1, word_weights.NUM_BINS + 1)[1:-1])

    def find_bin(score):
        return sum(score > cut for cut in cuts)

    share = sum(present) / len(present)
    known = unknown = 0.0
    for score, is_present in zip(val_scores, val_present, strict=True):
        inside = [
            has_word for other, has_word in zip(scores, present, strict=True) if find_bin(other) == find_bin(score)
        ]
        predicted = (sum(inside) + 2 * share) / (len(inside) + 2)
        predicted = min(max(predicted, 1e-5), 1 - 1e-5)
        known += math.log(predicted if is_present else 1 - predicted)
        unknown += math.log(share if is_present else 1 - share)
    return min(max((known - unknown) / -unknown, 0.0), 1.0)


def test_equals_a_naive_implementation():
    scores, present = make_scores(1, 80)
    val_scores, val_present = make_scores(2, 50)
    expected = [naive_uncertainty(scores[:, k], present[:, k], val_scores[:, k], val_present[:, k]) for k in range(4)]
    assert uncertainty_coefficient(scores, present, val_scores, val_present) == pytest.approx(expected, abs=1e-5)


def test_a_predictable_word_has_a_high_coefficient_and_a_random_one_zero():
    sure, noise, rare, blurred = uncertainty_coefficient(*make_scores(1, 4000), *make_scores(2, 4000))
    assert sure > 0.8
    assert noise < 0.01
    assert 0.15 < blurred < 0.4
    assert rare < blurred  # though the areas under their curves are about the same


def test_coefficients_do_not_depend_on_the_block_size(monkeypatch):
    (scores, present), (val_scores, val_present) = make_scores(3, 90), make_scores(4, 70)
    present[:, 0] |= ~present.any(axis=1)  # a photo without any word is not looked at
    val_present[:, 0] |= ~val_present.any(axis=1)
    bags, val_bags = (build_word_bags([np.flatnonzero(row) for row in rows]) for rows in (present, val_present))
    words, bias = np.eye(4, dtype=np.float32), np.zeros((4, 1), np.float32)
    whole = measure_uncertainty_coefficients((scores, bags), (val_scores, val_bags), words, bias)
    monkeypatch.setattr(word_weights, "_SCORED_WORDS_AT_ONCE", 3)
    np.testing.assert_allclose(
        measure_uncertainty_coefficients((scores, bags), (val_scores, val_bags), words, bias), whole
    )
    log_probabilities = [s - np.log(np.exp(s).sum(axis=1, keepdims=True)) for s in (scores, val_scores)]
    assert whole == pytest.approx(
        uncertainty_coefficient(log_probabilities[0], present, log_probabilities[1], val_present), abs=1e-4
    )


def test_without_val_photos_all_coefficients_are_zero():
    scores, present = make_scores(1, 20)
    bags = build_word_bags([np.flatnonzero(row) for row in present])
    nothing = (np.zeros((0, 4), np.float32), build_word_bags([]))
    assert not measure_uncertainty_coefficients(
        (scores, bags), nothing, np.eye(4, dtype=np.float32), np.zeros((4, 1), np.float32)
    ).any()
