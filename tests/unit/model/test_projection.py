import pytest
import torch

from weft.errors import ModelError
from weft.model.embedder import Embedder, fold_projection_into_head, init_projection

WORDS = torch.randn(9, 6, generator=torch.Generator().manual_seed(1))
Z = torch.randn(4, 6, generator=torch.Generator().manual_seed(2))


def test_a_projection_of_full_rank_keeps_every_score():
    projection, words = init_projection(WORDS, 6)
    torch.testing.assert_close((Z @ projection.T) @ words.T, Z @ WORDS.T, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dim", [1, 3, 6])
def test_the_rows_of_the_projection_are_orthonormal(dim):
    projection, words = init_projection(WORDS, dim)
    torch.testing.assert_close(projection @ projection.T, torch.eye(dim), rtol=0, atol=1e-5)
    assert words.shape == (9, dim)


def test_the_projection_has_the_smallest_possible_error():
    """Eckart and Young: the squared error is the sum of the squares of the omitted singular values."""
    projection, words = init_projection(WORDS, 2)
    lost = (WORDS - words @ projection).square().sum()
    torch.testing.assert_close(lost, torch.linalg.svdvals(WORDS)[2:].square().sum(), rtol=1e-4, atol=1e-4)


def test_the_sign_of_w_does_not_change_the_projection():
    projection, _ = init_projection(WORDS, 4)
    again, _ = init_projection(-WORDS, 4)
    torch.testing.assert_close(projection, again)


def test_a_dimension_above_the_rank_of_w_raises_an_error():
    with pytest.raises(
        ModelError, match=r"model.projection_dim = 7: expected at most 6, because there are 9 words .* dimension 6"
    ):
        init_projection(WORDS, 7)


def test_folding_the_projection_keeps_word_scores_and_restores_the_z_of_the_backbone():
    photos = torch.randint(256, (4, 3, 2, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
    projection, words = init_projection(WORDS, 3)
    model = Embedder(torch.nn.Flatten(), words, projection=projection)
    plain = Embedder(torch.nn.Flatten(), WORDS)
    before = model.score(model(photos))
    fold_projection_into_head(model)
    torch.testing.assert_close(model(photos), plain(photos))
    torch.testing.assert_close(model.score(model(photos)), before, rtol=1e-4, atol=1e-4)


def test_folding_does_not_change_a_model_without_projection():
    model = Embedder(torch.nn.Flatten(), WORDS)
    fold_projection_into_head(model)
    torch.testing.assert_close(model.words.data, WORDS)
