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
def test_its_rows_are_orthonormal(dim):
    projection, words = init_projection(WORDS, dim)
    torch.testing.assert_close(projection @ projection.T, torch.eye(dim), rtol=0, atol=1e-5)
    assert words.shape == (9, dim)


def test_no_other_projection_keeps_more_of_the_words():
    """Eckart and Young: what is lost is the length of the singular values left out."""
    projection, words = init_projection(WORDS, 2)
    lost = (WORDS - words @ projection).square().sum()
    torch.testing.assert_close(lost, torch.linalg.svdvals(WORDS)[2:].square().sum(), rtol=1e-4, atol=1e-4)


def test_the_sign_is_fixed():
    projection, _ = init_projection(WORDS, 4)
    again, _ = init_projection(-WORDS, 4)
    torch.testing.assert_close(projection, again)


def test_more_directions_than_words_are_refused():
    with pytest.raises(ModelError, match=r"model.projection_dim = 7: at most 6, of 9 words and z of 6"):
        init_projection(WORDS, 7)


def test_folding_keeps_word_scores_and_gives_back_the_z_of_the_backbone():
    photos = torch.randint(256, (4, 3, 2, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
    projection, words = init_projection(WORDS, 3)
    model = Embedder(torch.nn.Flatten(), words, projection=projection)
    plain = Embedder(torch.nn.Flatten(), WORDS)
    before = model.score(model(photos))
    fold_projection_into_head(model)
    torch.testing.assert_close(model(photos), plain(photos))
    torch.testing.assert_close(model.score(model(photos)), before, rtol=1e-4, atol=1e-4)


def test_folding_leaves_a_model_without_projection_alone():
    model = Embedder(torch.nn.Flatten(), WORDS)
    fold_projection_into_head(model)
    torch.testing.assert_close(model.words.data, WORDS)
