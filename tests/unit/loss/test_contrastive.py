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
def test_equals_its_naive_twin(z_and_words, bags, temperature):
    assert contrastive(*z_and_words, *bags, temperature).item() == pytest.approx(
        naive_contrastive(*z_and_words, *bags, temperature), rel=1e-4, abs=1e-5
    )


def test_photos_that_point_at_their_bags_have_next_to_no_loss():
    words = torch.eye(4)
    targets, weights = torch.tensor([[0, 1], [2, 3], [0, 3]]), torch.full((3, 2), 0.5)
    right = words[targets].mean(1)
    assert contrastive(7 * right, words, targets, weights, 0.02).item() < 1e-6
    assert contrastive(right.roll(1, 0), words, targets, weights, 0.02).item() > 10


def test_another_view_with_the_same_bag_is_no_rival():
    """Photos 0 and 1 are two views of a product: each would take half of the other's bag."""
    words = torch.eye(4)
    targets, weights = torch.tensor([[0, 1], [0, 1], [2, 3]]), torch.full((3, 2), 0.5)
    assert contrastive(words[targets].mean(1), words, targets, weights, 0.02).item() < 1e-6


def test_lengths_of_photos_do_not_matter(z_and_words, bags):
    z, words = z_and_words
    torch.testing.assert_close(contrastive(3 * z, words, *bags, 0.5), contrastive(z, words, *bags, 0.5))


def test_an_empty_bag_is_refused(z_and_words):
    with pytest.raises(ValueError, match="a photo without words has no loss"):
        contrastive(*z_and_words, torch.zeros(4, 2, dtype=torch.int64), torch.zeros(4, 2), 0.05)
