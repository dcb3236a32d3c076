import math

import pytest
import torch

from weft.loss.full_softmax import full_softmax
from weft.model.embedder import initial_words


def naive_full_softmax(z, words, targets, weights):
    """One photo, one word, one product at a time."""
    total = 0.0
    for photo in range(len(z)):
        scores = [sum(a * b for a, b in zip(z[photo].tolist(), word, strict=True)) for word in words.tolist()]
        largest = max(scores)
        log_sum = largest + math.log(sum(math.exp(score - largest) for score in scores))
        for target, weight in zip(targets[photo].tolist(), weights[photo].tolist(), strict=True):
            total += weight * (log_sum - scores[target])
    return total / len(z)


def test_equals_its_naive_twin(z_and_words, bags):
    assert full_softmax(*z_and_words, *bags).item() == pytest.approx(
        naive_full_softmax(*z_and_words, *bags), rel=1e-5, abs=1e-5
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


def test_the_first_loss_is_close_to_the_log_of_the_vocabulary():
    z = torch.rand(64, 1280, generator=torch.Generator().manual_seed(0)) * 2
    words = initial_words(6_000, 1280, seed=1)
    loss = full_softmax(z, words, torch.randint(6_000, (64, 1)), torch.ones(64, 1))
    assert loss.item() == pytest.approx(math.log(6_000), rel=0.05)


@pytest.mark.parametrize(
    ("targets", "weights"), [((4, 2), (4, 1)), ((3, 2), (3, 2)), ((4,), (4, 1))], ids=["weights", "batch", "flat"]
)
def test_wrong_shapes_raise(targets, weights):
    with pytest.raises(ValueError, match=r"targets \(\d.* of 4 embeddings"):
        full_softmax(
            torch.zeros(4, 3), torch.zeros(7, 3), torch.zeros(targets, dtype=torch.int64), torch.zeros(weights)
        )
