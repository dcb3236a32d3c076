"""The two optional extensions of the paper's model: a bias per word, and z of length 1."""

import json

import pytest
import torch

from weft import artefacts
from weft.commands.tag import tag
from weft.model.bundle import load_bundle, save_bundle
from weft.params import ModelParams

MODEL = ModelParams("shufflenet_v2_x0_5", "random", "last", "average", 0)
PHOTOS = torch.randint(256, (3, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def save(tmp_path, saved_model):
    """A function that saves the model with a bias, with z of length 1, or with neither."""

    def saved(name, bias=None, unit=False):
        embedder = load_bundle(saved_model).embedder
        embedder.bias = None if bias is None else torch.nn.Parameter(bias)
        embedder.unit_norm = unit
        save_bundle(tmp_path / name, embedder, MODEL, 32, 32, saved_model / "words.tsv")
        return tmp_path / name

    return saved


@pytest.fixture
def bias(model_words):
    return torch.linspace(-5, 5, len(model_words))[:, None]


def test_a_saved_bias_is_loaded_and_added_to_word_scores(save, bias):
    plain, biased = load_bundle(save("plain")).embedder, load_bundle(save("biased", bias)).embedder
    with torch.inference_mode():
        z = biased(PHOTOS)
        assert z.equal(plain(PHOTOS))
        torch.testing.assert_close(biased.score(z), plain.score(z) + bias.T)
    assert biased.words.equal(plain.words)


def test_read_word_bias_returns_zeros_for_a_model_without_bias(save, bias):
    assert (artefacts.read_word_bias(save("biased", bias) / "model.safetensors") == bias.numpy()).all()
    assert not artefacts.read_word_bias(save("plain") / "model.safetensors").any()


def test_tag_scores_include_the_bias(tmp_path, make_jpeg, save, bias):
    (tmp_path / "red.jpg").write_bytes(make_jpeg("red"))
    scores = []
    for model in (save("plain"), save("biased", bias)):
        words = json.loads(next(iter(tag(tmp_path / "red.jpg", model, top_k=8, labels=None))))["words"]
        scores.append({word["word"]: word["score"] for word in words})
    for word, added in zip(load_bundle(save("again")).words, bias[:, 0].tolist(), strict=True):
        assert scores[1][word] == pytest.approx(scores[0][word] + added, abs=2e-3)


def test_a_saved_model_with_unit_norm_returns_z_of_length_one(save):
    plain, unit = load_bundle(save("plain")).embedder, load_bundle(save("unit", unit=True)).embedder
    with torch.inference_mode():
        torch.testing.assert_close(unit(PHOTOS), torch.nn.functional.normalize(plain(PHOTOS), dim=1))
        assert unit(PHOTOS).norm(dim=1).tolist() == pytest.approx([1, 1, 1])
