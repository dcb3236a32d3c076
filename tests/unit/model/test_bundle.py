import hashlib
import json
import shutil

import pytest
import torch

from weft.errors import ContractError, ModelError
from weft.model.backbone import load_backbone
from weft.model.bundle import load_bundle, save_bundle
from weft.model.embedder import Embedder
from weft.params import ModelParams

MODEL = ModelParams("shufflenet_v2_x0_5", "random", "last", "average", 0)
CONTENT = ["model.safetensors", "config.json", "preprocess.json", "words.tsv", "digest.txt"]


@pytest.fixture
def copy(tmp_path, bundle):
    """A bundle that may be broken."""
    return shutil.copytree(bundle, tmp_path / "embedder")


def rewrite_digest(folder):
    """As if training had written these files: the digest fits them."""
    file_digests = [hashlib.sha256((folder / name).read_bytes()).digest() for name in CONTENT[:-1]]
    (folder / "digest.txt").write_text(hashlib.sha256(b"".join(file_digests)).hexdigest() + "\n")
    return folder


def test_a_bundle_loads_as_it_was_saved(tmp_path, bundle, bundle_words):
    loaded = load_bundle(bundle)
    assert loaded.words == bundle_words
    assert (loaded.height, loaded.width) == (32, 32)
    assert not loaded.embedder.training
    digest = save_bundle(tmp_path / "again", loaded.embedder, MODEL, 32, 32, bundle / "words.tsv")
    again = load_bundle(tmp_path / "again")
    assert digest == again.digest == loaded.digest
    state = again.embedder.state_dict()
    assert all(state[name].equal(tensor) for name, tensor in loaded.embedder.state_dict().items())
    photos = torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8)
    with torch.inference_mode():
        assert again.embedder(photos).equal(loaded.embedder(photos))


@pytest.mark.parametrize(
    ("model", "dim"),
    [
        (ModelParams("shufflenet_v2_x0_5", "random", "last", "gem", 0), 1_024),
        (ModelParams("shufflenet_v2_x0_5", "random", "stage3", "average", 5), 5),
        (ModelParams("inception_v3", "random", "last", "average", 0), 2_048),
    ],
    ids=lambda value: getattr(value, "backbone", None),
)
def test_layer_pooling_projection_and_normalisation_come_back(tmp_path, bundle, bundle_words, model, dim):
    backbone = load_backbone(model.backbone, "random", model.feature_layer, model.pooling)
    projection = torch.randn(model.projection_dim, backbone.dim) if model.projection_dim else None
    embedder = Embedder(backbone.network, torch.randn(len(bundle_words), dim), backbone.normalisation, projection)
    save_bundle(tmp_path / "b", embedder, model, 96, 96, bundle / "words.tsv")
    loaded = load_bundle(tmp_path / "b").embedder
    photos = torch.randint(256, (2, 3, 96, 96), dtype=torch.uint8)
    with torch.inference_mode():
        assert loaded(photos).shape == (2, dim)
        assert loaded(photos).equal(embedder.eval()(photos))
    assert loaded.normalisation == embedder.normalisation


def test_equal_models_are_equal_bytes(tmp_path, bundle):
    embedder = load_bundle(bundle).embedder
    embedder.to(memory_format=torch.channels_last)
    save_bundle(tmp_path / "again", embedder, MODEL, 32, 32, bundle / "words.tsv")
    for name in CONTENT:
        assert (tmp_path / "again" / name).read_bytes() == (bundle / name).read_bytes()
    assert sorted(file.name for file in (tmp_path / "again").iterdir()) == sorted(CONTENT)


@pytest.mark.parametrize("name", CONTENT)
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(ModelError, match=rf"{name}: missing; a model is a folder with .*run dvc repro"):
        load_bundle(copy)


@pytest.mark.parametrize("name", CONTENT)
def test_a_changed_file_is_refused(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[0] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(ModelError, match="embedder: a file was changed after training"):
        load_bundle(copy)


def test_a_digest_that_is_no_text_is_refused(copy):
    (copy / "digest.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match="embedder: a file was changed after training"):
        load_bundle(copy)


def test_a_pickle_where_weights_are_expected_is_refused(copy):
    torch.save({"words": torch.zeros(8, 1024)}, copy / "model.safetensors")
    with pytest.raises(ModelError, match=r"model\.safetensors: not a file of plain tensors"):
        load_bundle(rewrite_digest(copy))


def test_another_vocabulary_of_the_same_size_is_refused(copy, write_words):
    write_words(copy / "words.tsv", [f"w{n}" for n in range(8)])
    with pytest.raises(ModelError, match=r"words\.tsv: not the vocabulary that the model was trained on"):
        load_bundle(rewrite_digest(copy))


def remove_keys(copy, file, *keys):
    """As the first bundles were, which told less."""
    values = json.loads((copy / file).read_text())
    (copy / file).write_text(json.dumps({key: value for key, value in values.items() if key not in keys}))


def test_a_bundle_that_does_not_tell_layer_and_normalisation_has_the_usual_ones(copy, bundle):
    remove_keys(copy, "config.json", "feature_layer", "pooling", "projection_dim", "vocabulary")
    remove_keys(copy, "preprocess.json", "mean", "std")
    embedder = load_bundle(rewrite_digest(copy)).embedder
    photos = torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8)
    with torch.inference_mode():
        assert embedder(photos).equal(load_bundle(bundle).embedder(photos))


@pytest.mark.parametrize("words", [["red"], [f"w{n}" for n in range(9)]])
def test_another_vocabulary_is_refused(copy, write_words, words):
    remove_keys(copy, "config.json", "vocabulary")
    write_words(copy / "words.tsv", words)
    with pytest.raises(
        ModelError, match=r"embedder: config, vocabulary and weights do not fit: .*size mismatch"
    ) as error:
        load_bundle(rewrite_digest(copy))
    assert "\n" not in str(error.value)


def test_a_word_list_without_words_is_refused(copy, write_words):
    remove_keys(copy, "config.json", "vocabulary")
    write_words(copy / "words.tsv", [])
    with pytest.raises(ContractError, match=r"words\.tsv: no words"):
        load_bundle(rewrite_digest(copy))


@pytest.mark.parametrize(
    ("file", "values", "said"),
    [
        ("config.json", "[]", "expected an object, got list"),
        ("config.json", "{", "not JSON"),
        ("config.json", "{}", "do not fit: 'backbone'"),
        ("config.json", json.dumps({"backbone": "mobilenetv2"}), "mobilenetv2: not a torchvision"),
        ("config.json", json.dumps({"backbone": "resnet18"}), "do not fit"),
        ("preprocess.json", json.dumps({"height": None, "width": 3}), "do not fit"),
        (
            "preprocess.json",
            json.dumps({"height": 32, "width": 32, "mean": [0.5] * 3, "std": [0, 1, 1]}),
            "three channels",
        ),
        ("preprocess.json", json.dumps({"height": 32, "width": 32, "mean": [0.5], "std": [1]}), "three channels"),
    ],
)
def test_a_wrong_config_is_answered(copy, file, values, said):
    (copy / file).write_text(values)
    with pytest.raises(ModelError, match=said):
        load_bundle(rewrite_digest(copy))


def test_saving_with_another_vocabulary_is_refused(tmp_path, bundle, write_words):
    words = write_words(tmp_path / "words.tsv", ["red", "green"])
    with pytest.raises(ModelError, match=r"words\.tsv: does not hold the 8 words"):
        save_bundle(tmp_path / "out", load_bundle(bundle).embedder, MODEL, 32, 32, words)
    assert not (tmp_path / "out").exists()
