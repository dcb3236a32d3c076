"""What stage 1 and 2 may add to the paper's model: a bias a word, and z of length 1."""

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
def save(tmp_path, bundle):
    """The bundle with a bias, with z of length 1, or as it was."""

    def saved(name, bias=None, unit=False):
        embedder = load_bundle(bundle).embedder
        embedder.bias = None if bias is None else torch.nn.Parameter(bias)
        embedder.unit_norm = unit
        save_bundle(tmp_path / name, embedder, MODEL, 32, 32, bundle / "words.tsv")
        return tmp_path / name

    return saved


@pytest.fixture
def bias(bundle_words):
    return torch.linspace(-5, 5, len(bundle_words))[:, None]


def test_a_bias_comes_back_and_is_added_to_the_scores_of_words(save, bias):
    plain, biased = load_bundle(save("plain")).embedder, load_bundle(save("biased", bias)).embedder
    with torch.inference_mode():
        z = biased(PHOTOS)
        assert z.equal(plain(PHOTOS))
        torch.testing.assert_close(biased.score(z), plain.score(z) + bias.T)
    assert biased.words.equal(plain.words)


def test_a_bias_is_read_without_torch_and_is_zero_where_there_is_none(save, bias):
    assert (artefacts.read_word_bias(save("biased", bias) / "model.safetensors") == bias.numpy()).all()
    assert not artefacts.read_word_bias(save("plain") / "model.safetensors").any()


def test_tags_are_scored_with_the_bias(tmp_path, jpeg, save, bias):
    (tmp_path / "red.jpg").write_bytes(jpeg("red"))
    scores = []
    for model in (save("plain"), save("biased", bias)):
        words = json.loads(next(iter(tag(tmp_path / "red.jpg", model, top_k=8, labels=None))))["words"]
        scores.append({word["word"]: word["score"] for word in words})
    for word, added in zip(load_bundle(save("again")).words, bias[:, 0].tolist(), strict=True):
        assert scores[1][word] == pytest.approx(scores[0][word] + added, abs=2e-3)


def test_z_of_length_one_comes_back(save):
    plain, unit = load_bundle(save("plain")).embedder, load_bundle(save("unit", unit=True)).embedder
    with torch.inference_mode():
        torch.testing.assert_close(unit(PHOTOS), torch.nn.functional.normalize(plain(PHOTOS), dim=1))
        assert unit(PHOTOS).norm(dim=1).tolist() == pytest.approx([1, 1, 1])
