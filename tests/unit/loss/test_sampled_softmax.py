import math

import pytest
import torch

from weft.loss.full_softmax import full_softmax
from weft.loss.sampled_softmax import sampled_softmax, uniform_negatives


def naive_sampled_softmax(z, words, targets, weights, negatives):
    """One photo and one positive at a time; negatives that are the positive are struck out."""

    def score(photo, word):
        return sum(a * b for a, b in zip(z[photo].tolist(), words[word].tolist(), strict=True))

    total = 0.0
    for photo in range(len(z)):
        for target, weight in zip(targets[photo].tolist(), weights[photo].tolist(), strict=True):
            scores = [score(photo, target)]
            scores += [score(photo, negative) for negative in negatives[photo].tolist() if negative != target]
            largest = max(scores)
            total += weight * (largest + math.log(sum(math.exp(s - largest) for s in scores)) - scores[0])
    return total / len(z)


@pytest.fixture(params=[1, 2, 9], ids=lambda count: f"{count}_negatives")
def negatives(request):
    """More than the vocabulary holds among them, so that accidental hits and repeats are sure."""
    return torch.randint(7, (4, request.param), generator=torch.Generator().manual_seed(5))


def test_equals_its_naive_twin(z_and_words, bags, negatives):
    assert sampled_softmax(*z_and_words, *bags, negatives).item() == pytest.approx(
        naive_sampled_softmax(*z_and_words, *bags, negatives), rel=1e-5, abs=1e-5
    )


def test_all_other_words_as_negatives_are_the_full_softmax(z_and_words):
    z, words = z_and_words
    targets = torch.tensor([[2], [0], [6], [2]])
    others = torch.tensor([[word for word in range(7) if word != target] for target in targets[:, 0].tolist()])
    torch.testing.assert_close(
        sampled_softmax(z, words, targets, torch.ones(4, 1), others), full_softmax(z, words, targets, torch.ones(4, 1))
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


def test_a_photos_other_words_stay_negatives(z_and_words):
    z, words = z_and_words
    targets, weights = torch.tensor([[2, 5]] * 4), torch.full((4, 2), 0.5)
    loss = sampled_softmax(z, words, targets, weights, torch.tensor([[5]] * 4))
    gap = ((z @ words.T)[:, 5] - (z @ words.T)[:, 2]).detach()
    assert loss.item() == pytest.approx(float(torch.nn.functional.softplus(gap).mean()) / 2, rel=1e-5, abs=1e-6)


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
    ("targets", "weights", "negatives"), [((4, 2), (4, 1), (4, 5)), ((3, 2), (3, 2), (4, 5)), ((4, 2), (4, 2), (3, 5))]
)
def test_wrong_shapes_raise(targets, weights, negatives):
    def ids(shape):
        return torch.zeros(shape, dtype=torch.int64)

    with pytest.raises(ValueError, match=r"targets \(\d.* of 4 photos"):
        sampled_softmax(torch.zeros(4, 3), torch.zeros(7, 3), ids(targets), torch.zeros(weights), ids(negatives))


def test_no_negatives_raise():
    with pytest.raises(ValueError, match="at least one negative"):
        sampled_softmax(
            torch.zeros(1, 3),
            torch.zeros(7, 3),
            torch.zeros(1, 1, dtype=torch.int64),
            torch.ones(1, 1),
            torch.zeros(1, 0, dtype=torch.int64),
        )


def test_negatives_are_uniform_and_repeat_from_their_seed():
    drawn = uniform_negatives(200, 50, 10, torch.Generator().manual_seed(1))
    assert drawn.shape == (200, 50)
    assert drawn.equal(uniform_negatives(200, 50, 10, torch.Generator().manual_seed(1)))
    # 10,000 draws of 10 words: 5 standard deviations are 150.
    assert (torch.bincount(drawn.flatten(), minlength=10) - 1_000).abs().max() < 150
