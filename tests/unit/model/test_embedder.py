import math

import numpy as np
import pytest
import torch
from torch import nn

from weft.model.backbone import IMAGENET, PLUS_MINUS_ONE
from weft.model.embedder import Embedder, make_random_word_embeddings


@pytest.fixture
def photos():
    return torch.randint(256, (4, 3, 8, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("normalisation", [IMAGENET, PLUS_MINUS_ONE], ids=["imagenet", "plus_minus_one"])
def test_photos_are_normalised_as_the_backbone_wants(photos, normalisation):
    x = Embedder(nn.Identity(), torch.zeros(1, 1), normalisation)(photos)
    naive = np.empty((4, 3, 8, 6))
    for n, channel, y, x_ in np.ndindex(naive.shape):
        value = int(photos[n, channel, y, x_]) / 255
        naive[n, channel, y, x_] = (value - normalisation.mean[channel]) / normalisation.std[channel]
    np.testing.assert_allclose(x.numpy(), naive, atol=1e-5)


def test_scores_are_products_without_bias():
    words = torch.tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 0.0]])
    scores = Embedder(nn.Identity(), words).score(torch.tensor([[1.0, 1.0], [0.0, 0.0]]))
    assert scores.tolist() == [[3.0, -1.0, 3.0], [0.0, 0.0, 0.0]]


def test_normalisation_is_no_part_of_the_weights():
    assert set(Embedder(nn.Linear(2, 2), torch.zeros(1, 2)).state_dict()) == {"words", "encoder.weight", "encoder.bias"}


def test_gradients_reach_words_and_encoder(photos):
    model = Embedder(nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()), torch.ones(5, 2))
    model.score(model(photos)).square().sum().backward()
    assert all(parameter.grad.any() for parameter in model.parameters())


def test_initial_words_are_small_and_a_function_of_the_seed():
    words = make_random_word_embeddings(500, 64, seed=3)
    assert words.equal(make_random_word_embeddings(500, 64, seed=3))
    assert not words.equal(make_random_word_embeddings(500, 64, seed=4))
    assert words.shape == (500, 64)
    assert float(words.std()) == pytest.approx(0.001, rel=0.05)
    assert float(words.mean()) == pytest.approx(0, abs=5 * 0.001 / math.sqrt(500 * 64))
