import math

import pytest
import torch

from weft.loss.contrastive import contrastive


def naive_contrastive(z, words, targets, weights, temperature):
    """One photo and one bag at a time, both ways."""
    bags = []
    for ids, shares in zip(targets.tolist(), weights.tolist(), strict=True):
        bags.append([sum(s * words[k, d].item() for k, s in zip(ids, shares, strict=True)) for d in range(z.shape[1])])

    def cosine(a, b):
        return sum(x * y for x, y in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b)

    def same(i, j):
        return targets[i].equal(targets[j]) and weights[i].equal(weights[j])

    scores = [[cosine(photo, bag) / temperature for bag in bags] for photo in z.tolist()]
    total = 0.0
    for anchor in range(len(z)):
        among = [other for other in range(len(z)) if other == anchor or not same(anchor, other)]
        for line in ([scores[anchor][other] for other in among], [scores[other][anchor] for other in among]):
            total += math.log(sum(math.exp(score) for score in line)) - scores[anchor][anchor]
    return total / 2 / len(z)


@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_the_loss_equals_a_naive_implementation(z_and_words, bags, temperature):
    assert contrastive(*z_and_words, *bags, temperature).item() == pytest.approx(
        naive_contrastive(*z_and_words, *bags, temperature), rel=1e-4, abs=1e-5
    )


def test_the_loss_is_almost_0_when_z_is_the_embedding_of_the_bag():
    words = torch.eye(4)
    targets, weights = torch.tensor([[0, 1], [2, 3], [0, 3]]), torch.full((3, 2), 0.5)
    right = words[targets].mean(1)
    assert contrastive(7 * right, words, targets, weights, 0.02).item() < 1e-6
    assert contrastive(right.roll(1, 0), words, targets, weights, 0.02).item() > 10


def test_another_photo_with_an_equal_bag_is_not_a_negative():
    """Photos 0 and 1 are two photos of one product: as negatives, each would double the sum of the other."""
    words = torch.eye(4)
    targets, weights = torch.tensor([[0, 1], [0, 1], [2, 3]]), torch.full((3, 2), 0.5)
    assert contrastive(words[targets].mean(1), words, targets, weights, 0.02).item() < 1e-6


def test_the_length_of_z_does_not_change_the_loss(z_and_words, bags):
    z, words = z_and_words
    torch.testing.assert_close(contrastive(3 * z, words, *bags, 0.5), contrastive(z, words, *bags, 0.5))
