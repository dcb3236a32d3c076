import pytest
import torch

VOCABULARY, DIM = 7, 3


def one_word():
    return torch.tensor([[2], [0], [6], [2]]), torch.ones(4, 1)


def bags_padded_with_word_0():
    targets = torch.tensor([[1, 4, 5], [3, 0, 0], [0, 6, 0], [2, 5, 0]])
    weights = torch.tensor([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [0.25, 0.75, 0.0], [0.5, 0.5, 0.0]])
    return targets, weights


def words_repeated_in_a_bag():
    targets = torch.tensor([[1, 1, 4], [3, 3, 3], [0, 0, 6], [5, 6, 6]])
    return targets, torch.full((4, 3), 1 / 3)


@pytest.fixture(params=[one_word, bags_padded_with_word_0, words_repeated_in_a_bag], ids=lambda case: case.__name__)
def bags(request):
    """Targets and weights of four photos."""
    return request.param()


@pytest.fixture(params=["plain", "tied", "large"])
def z_and_words(request):
    """Embeddings of four photos and W; in "tied" all words score the same, in "large" scores reach the hundreds."""
    generator = torch.Generator().manual_seed(3)
    z, words = torch.randn(4, DIM, generator=generator), torch.randn(VOCABULARY, DIM, generator=generator)
    if request.param == "tied":
        words[:] = words[0]
    return (z * 200 if request.param == "large" else z).requires_grad_(), words.requires_grad_()
