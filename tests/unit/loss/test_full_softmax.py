import math

import pytest
import torch

from weft.loss.full_softmax import full_softmax


def naive_full_softmax(z, words, targets, weights, bias=None):
    """One photo, one word, one product at a time."""
    total, off = 0.0, [0.0] * len(words) if bias is None else bias[:, 0].tolist()
    for photo in range(len(z)):
        scores = [
            sum(a * b for a, b in zip(z[photo].tolist(), word, strict=True)) + b
            for word, b in zip(words.tolist(), off, strict=True)
        ]
        largest = max(scores)
        log_sum = largest + math.log(sum(math.exp(score - largest) for score in scores))
        for target, weight in zip(targets[photo].tolist(), weights[photo].tolist(), strict=True):
            total += weight * (log_sum - scores[target])
    return total / len(z)


def test_the_loss_equals_a_naive_implementation(z_and_words, bags):
    assert full_softmax(*z_and_words, *bags).item() == pytest.approx(
        naive_full_softmax(*z_and_words, *bags), rel=1e-5, abs=1e-5
    )


def test_the_loss_with_a_bias_equals_a_naive_implementation(z_and_words, bags):
    bias = torch.linspace(-1, 1, 7)[:, None]
    assert full_softmax(*z_and_words, *bags, bias).item() == pytest.approx(
        naive_full_softmax(*z_and_words, *bags, bias), rel=1e-5, abs=1e-5
    )


def test_with_one_word_a_photo_it_is_the_cross_entropy_of_torch(z_and_words):
    z, words = z_and_words
    targets = torch.tensor([[2], [0], [6], [2]])
    expected = torch.nn.functional.cross_entropy(z @ words.T, targets[:, 0])
    torch.testing.assert_close(full_softmax(z, words, targets, torch.ones(4, 1)), expected)


def test_the_gradient_of_each_score_is_softmax_minus_target(z_and_words, bags):
    z, words = z_and_words
    targets, weights = bags
    full_softmax(z, words, targets, weights).backward()
    wanted = torch.zeros(len(z), len(words)).scatter_add(1, targets, weights)
    of_scores = ((z @ words.T).softmax(1) - wanted).detach() / len(z)
    torch.testing.assert_close(words.grad, of_scores.T @ z.detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(z.grad, of_scores @ words.detach(), rtol=1e-4, atol=1e-5)


def test_a_repeated_word_weighs_as_the_sum_of_its_entries(z_and_words):
    z, words = z_and_words
    twice = full_softmax(z, words, torch.tensor([[1, 1, 4]] * 4), torch.full((4, 3), 1 / 3))
    once = full_softmax(z, words, torch.tensor([[1, 4]] * 4), torch.tensor([[2 / 3, 1 / 3]] * 4))
    torch.testing.assert_close(twice, once)


@pytest.mark.parametrize(
    ("targets", "weights"), [((4, 2), (4, 1)), ((3, 2), (3, 2)), ((4,), (4,))], ids=["weights", "batch", "flat"]
)
def test_wrong_shapes_raise(targets, weights):
    with pytest.raises(ValueError, match=r"expected targets and weights .* for 4 embeddings, got \(\d"):
        full_softmax(
            torch.zeros(4, 3), torch.zeros(7, 3), torch.zeros(targets, dtype=torch.int64), torch.zeros(weights)
        )
