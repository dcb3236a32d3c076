import math

import pytest
import torch

from weft.loss.full_softmax import full_softmax
from weft.loss.sampled_softmax import sampled_softmax


def naive_sampled_softmax(z, words, targets, weights, negatives, log_expected_counts=None, true_words=None, bias=None):
    """One photo, one positive and one negative at a time, without the words that are not negatives of this positive."""

    def score(photo, word):
        product = sum(a * b for a, b in zip(z[photo].tolist(), words[word].tolist(), strict=True))
        return product + (float(bias[word]) if bias is not None else 0.0)

    total = 0.0
    for photo in range(len(z)):
        drawn = negatives[photo if len(negatives) > 1 else 0].tolist()
        for target, weight in zip(targets[photo].tolist(), weights[photo].tolist(), strict=True):
            if weight == 0:
                continue
            scores = [score(photo, target)]
            for negative in drawn:
                if negative == target or (true_words is not None and negative in true_words[photo].tolist()):
                    continue
                off = float(log_expected_counts[negative]) if log_expected_counts is not None else 0.0
                scores.append(score(photo, negative) - off)
            largest = max(scores)
            total += weight * (largest + math.log(sum(math.exp(s - largest) for s in scores)) - scores[0])
    return total / len(z)


@pytest.fixture(params=["1_negative", "2_negatives", "9_negatives", "9_shared", "all_words", "all_words_twice"])
def negatives(request):
    """With 9 of 7 words, accidental hits and repeats are sure."""
    generator = torch.Generator().manual_seed(5)
    return {
        "1_negative": lambda: torch.randint(7, (4, 1), generator=generator),
        "2_negatives": lambda: torch.randint(7, (4, 2), generator=generator),
        "9_negatives": lambda: torch.randint(7, (4, 9), generator=generator),
        "9_shared": lambda: torch.randint(7, (1, 9), generator=generator),
        "all_words": lambda: torch.arange(7)[None],
        "all_words_twice": lambda: torch.arange(7).repeat(4, 2),
    }[request.param]()


@pytest.fixture(params=["plain", "corrected", "masked", "biased", "all three"])
def more(request, bags):
    """The optional arguments of the loss."""
    log_expected_counts = torch.linspace(-2, 1.5, 7)
    targets, weights = bags
    photo_words = torch.where(weights > 0, targets, targets[:, :1])
    true_words = torch.cat([photo_words, torch.tensor([[6], [-1], [-1], [3]])], 1)
    bias = torch.linspace(-1, 1, 7)[:, None]
    return {
        "plain": {},
        "corrected": {"log_expected_counts": log_expected_counts},
        "masked": {"true_words": true_words},
        "biased": {"bias": bias},
        "all three": {"log_expected_counts": log_expected_counts, "true_words": true_words, "bias": bias},
    }[request.param]


def test_the_loss_equals_a_naive_implementation(z_and_words, bags, negatives, more):
    assert sampled_softmax(*z_and_words, *bags, negatives, **more).item() == pytest.approx(
        naive_sampled_softmax(*z_and_words, *bags, negatives, **more), rel=1e-5, abs=1e-5
    )


def test_gradients_are_finite_with_any_accidental_hits(z_and_words, bags, negatives, more):
    z, words = z_and_words
    sampled_softmax(z, words, *bags, negatives, **more).backward()
    assert z.grad.isfinite().all()
    assert words.grad.isfinite().all()


def test_the_other_words_as_negatives_are_the_full_softmax(z_and_words):
    """K - 1 negatives: every word but the photo's own, once."""
    z, words = z_and_words
    targets = torch.tensor([[2], [0], [6], [2]])
    others = torch.tensor([[word for word in range(7) if word != target] for target in targets[:, 0].tolist()])
    torch.testing.assert_close(
        sampled_softmax(z, words, targets, torch.ones(4, 1), others), full_softmax(z, words, targets, torch.ones(4, 1))
    )


def test_all_words_as_shared_negatives_are_the_full_softmax_of_any_bag(z_and_words, bags):
    torch.testing.assert_close(
        sampled_softmax(*z_and_words, *bags, torch.arange(7)[None]), full_softmax(*z_and_words, *bags)
    )


def test_each_word_drawn_as_often_as_expected_is_the_full_softmax(z_and_words, bags):
    """Drawn k + 1 times each, with the correction for just that."""
    drawn = torch.cat([torch.full((word + 1,), word) for word in range(7)])[None]
    torch.testing.assert_close(
        sampled_softmax(*z_and_words, *bags, drawn, torch.arange(1.0, 8.0).log()), full_softmax(*z_and_words, *bags)
    )


def test_an_accidental_hit_changes_nothing(z_and_words):
    z, words = z_and_words
    targets, weights = torch.tensor([[2], [0], [6], [2]]), torch.ones(4, 1)
    clean, hit = torch.tensor([[3, 4]] * 4), torch.cat([torch.tensor([[3, 4]] * 4), targets], 1)
    torch.testing.assert_close(
        sampled_softmax(z, words, targets, weights, hit), sampled_softmax(z, words, targets, weights, clean)
    )


def test_only_hits_leave_no_loss_and_no_gradient(z_and_words):
    z, words = z_and_words
    targets = torch.tensor([[2], [0], [6], [2]])
    loss = sampled_softmax(z, words, targets, torch.ones(4, 1), targets.repeat(1, 3))
    loss.backward()
    assert loss.item() == pytest.approx(0.0, abs=1e-6)
    assert not z.grad.any()
    assert not words.grad.any()


def test_a_photos_other_words_stay_negatives_unless_masked(z_and_words):
    z, words = z_and_words
    targets, weights = torch.tensor([[2, 5]] * 4), torch.full((4, 2), 0.5)
    loss = sampled_softmax(z, words, targets, weights, torch.tensor([[5]] * 4))
    gap = ((z @ words.T)[:, 5] - (z @ words.T)[:, 2]).detach()
    assert loss.item() == pytest.approx(float(torch.nn.functional.softplus(gap).mean()) / 2, rel=1e-5, abs=1e-6)
    masked = sampled_softmax(z, words, targets, weights, torch.tensor([[5]] * 4), true_words=targets)
    assert masked.item() == pytest.approx(0.0, abs=1e-6)


def test_gradients_reach_only_positives_and_negatives():
    random = torch.Generator().manual_seed(3)
    z = torch.randn(4, 3, generator=random, requires_grad=True)
    words = torch.randn(7, 3, generator=random, requires_grad=True)
    targets = torch.tensor([[1, 0], [1, 0], [2, 0], [1, 0]])
    weights = torch.tensor([[1.0, 0.0]] * 4)
    sampled_softmax(z, words, targets, weights, torch.tensor([[4], [4], [4], [5]])).backward()
    assert words.grad.any(1).tolist() == [False, True, True, False, True, True, False]
    assert z.grad.any(1).all()


@pytest.mark.parametrize(
    ("targets", "weights", "negatives", "wanted"),
    [
        (
            (4, 2),
            (4, 1),
            (4, 5),
            r"weights of shape \(4, targets\) for 4 embeddings, got \(4, 2\) and \(4, 1\)",
        ),
        ((3, 2), (3, 2), (4, 5), r"got \(3, 2\)"),
        ((4, 2), (4, 2), (3, 5), r"expected negatives of shape \(4 or 1, negatives\) for 4 embeddings, got \(3, 5\)"),
        ((4, 2), (4, 2), (4, 0), "at least one negative"),
        ((4, 0), (4, 0), (4, 5), "at least one target"),
    ],
)
def test_wrong_shapes_raise(targets, weights, negatives, wanted):
    def ids(shape):
        return torch.zeros(shape, dtype=torch.int64)

    with pytest.raises(ValueError, match=wanted):
        sampled_softmax(torch.zeros(4, 3), torch.zeros(7, 3), ids(targets), torch.ones(weights), ids(negatives))
