import math

import pytest
import torch

from weft.loss.bag_similarity import bag_similarity_loss


def naive_similarity(z, targets, weights, temperature):
    """One photo at a time, one other photo at a time."""
    bags = []
    for ids, shares in zip(targets.tolist(), weights.tolist(), strict=True):
        bag: dict[int, float] = {}
        for word, share in zip(ids, shares, strict=True):
            bag[word] = bag.get(word, 0.0) + share
        bags.append(bag)

    def softmax(values):
        whole = sum(math.exp(value) for value in values)
        return [math.exp(value) / whole for value in values]

    def cosine(a, b):
        return sum(x * y for x, y in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b)

    photos, total = z.tolist(), 0.0
    for i in range(len(photos)):
        others = [j for j in range(len(photos)) if j != i]
        alike = [sum(math.sqrt(share * bags[j].get(word, 0.0)) for word, share in bags[i].items()) for j in others]
        wanted = softmax([value / temperature for value in alike])
        found = softmax([cosine(photos[i], photos[j]) / temperature for j in others])
        total -= sum(p * math.log(q) for p, q in zip(wanted, found, strict=True))
    return total / len(photos)


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_the_loss_equals_a_naive_implementation(z_and_words, bags, temperature):
    z, words = z_and_words
    found = bag_similarity_loss(z, *bags, len(words), temperature).item()
    assert found == pytest.approx(naive_similarity(z, *bags, temperature), rel=1e-4, abs=1e-5)


def test_the_loss_is_smallest_when_cosines_follow_the_similarity_of_bags():
    targets, weights = torch.tensor([[0, 1], [0, 1], [2, 3], [2, 3]]), torch.full((4, 2), 0.5)
    right = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    wrong = right[[0, 2, 1, 3]]
    assert bag_similarity_loss(right, targets, weights, 4, 0.05).item() < 1e-6
    assert bag_similarity_loss(wrong, targets, weights, 4, 0.05).item() > 10


def test_the_gradient_is_finite_and_moves_photos_with_equal_bags_together():
    z = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]], requires_grad=True)
    targets, weights = torch.tensor([[0], [0], [1]]), torch.ones(3, 1)
    bag_similarity_loss(z, targets, weights, 2, 0.1).backward()
    assert torch.isfinite(z.grad).all()
    moved = torch.nn.functional.normalize(z.detach() - 0.01 * z.grad, dim=1)
    assert moved[0] @ moved[1] > 0.0


def test_the_length_of_z_does_not_change_the_loss(z_and_words, bags):
    z, words = z_and_words
    torch.testing.assert_close(
        bag_similarity_loss(3 * z, *bags, len(words), 0.5), bag_similarity_loss(z, *bags, len(words), 0.5)
    )


def test_a_single_photo_raises_an_error():
    with pytest.raises(ValueError, match="at least 2 photos"):
        bag_similarity_loss(torch.ones(1, 2), torch.zeros(1, 1, dtype=torch.int64), torch.ones(1, 1), 3, 0.1)
