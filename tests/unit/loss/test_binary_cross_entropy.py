import math

import pytest
import torch

from weft.loss.binary_cross_entropy import binary_cross_entropy


def naive_binary_cross_entropy(z, words, targets, weights, true_words, bias=None):
    """One photo and one word at a time."""

    def minus_log_sigmoid(x):
        return max(-x, 0.0) + math.log1p(math.exp(-abs(x)))

    total = 0.0
    for photo in range(len(z)):
        photo_words = {word for word in true_words[photo].tolist() if word >= 0}
        for word in range(len(words)):
            score = sum(a * b for a, b in zip(z[photo].tolist(), words[word].tolist(), strict=True))
            score += 0.0 if bias is None else float(bias[word])
            if word not in photo_words:
                total += minus_log_sigmoid(-score)
            for target, weight in zip(targets[photo].tolist(), weights[photo].tolist(), strict=True):
                if target == word:
                    total += len(photo_words) * weight * minus_log_sigmoid(score)
    return total / len(z)


def list_true_words(targets, weights):
    """Return Batch.true_words: each word of the photo once, padded with -1."""
    real = torch.where(weights > 0, targets, -1)
    rows = [sorted({word for word in row if word >= 0}) for row in real.tolist()]
    widest = max(map(len, rows))
    return torch.tensor([row + [-1] * (widest - len(row)) for row in rows])


@pytest.mark.parametrize("bias", [None, torch.linspace(-1, 1, 7)[:, None]], ids=["no_bias", "bias"])
def test_the_loss_equals_a_naive_implementation(z_and_words, bags, bias):
    true_words = list_true_words(*bags)
    assert binary_cross_entropy(*z_and_words, *bags, true_words, bias).item() == pytest.approx(
        naive_binary_cross_entropy(*z_and_words, *bags, true_words, bias), rel=1e-5, abs=1e-5
    )


def test_with_equal_weights_the_loss_is_the_binary_cross_entropy_of_torch(z_and_words):
    z, words = z_and_words
    targets = torch.tensor([[1, 4, 5], [3, 3, 3], [0, 6, 6], [2, 5, 5]])
    weights = torch.tensor([[1 / 3] * 3, [1.0, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0]])
    said = torch.zeros(4, 7).scatter(1, targets, 1.0)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(z @ words.T, said, reduction="sum") / 4
    torch.testing.assert_close(
        binary_cross_entropy(z, words, targets, weights, list_true_words(targets, weights)),
        expected,
        rtol=1e-5,
        atol=1e-5,
    )


def test_the_loss_on_all_words_is_the_expected_loss_on_one_sampled_word(z_and_words):
    z, words = z_and_words
    targets, weights = torch.tensor([[1, 4, 5]] * 4), torch.tensor([[0.5, 0.3, 0.2]] * 4)
    true_words = targets
    drawn = [binary_cross_entropy(z, words, targets[:, k, None], torch.ones(4, 1), true_words) for k in range(3)]
    average = sum(share * loss for share, loss in zip((0.5, 0.3, 0.2), drawn, strict=True))
    torch.testing.assert_close(binary_cross_entropy(z, words, targets, weights, true_words), average)


def test_a_true_word_that_was_not_drawn_has_no_gradient(z_and_words):
    z, words = z_and_words
    binary_cross_entropy(z, words, torch.tensor([[1]] * 4), torch.ones(4, 1), torch.tensor([[1, 4]] * 4)).backward()
    assert not words.grad[4].any()


def test_a_photo_without_words_raises_an_error():
    nothing = torch.zeros(2, 0, dtype=torch.int64)
    with pytest.raises(ValueError, match="at least one target per photo"):
        binary_cross_entropy(torch.zeros(2, 3), torch.zeros(7, 3), nothing, nothing.float(), nothing)
