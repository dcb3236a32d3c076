import hashlib
import json
import shutil

import pytest
import torch

from weft.artefacts import read_loss
from weft.errors import ContractError, ModelError
from weft.model.backbone import load_backbone
from weft.model.bundle import load_bundle, save_bundle
from weft.model.embedder import Embedder
from weft.params import ModelParams

MODEL = ModelParams("shufflenet_v2_x0_5", "random", "last", "average", 0)
CONTENT = ["model.safetensors", "config.json", "preprocess.json", "words.tsv", "digest.txt"]


@pytest.fixture
def copy(tmp_path, saved_model):
    """A copy of the model folder that a test may change."""
    return shutil.copytree(saved_model, tmp_path / "embedder")


def rewrite_digest(folder):
    """Write the digest of the changed files, as if training had written them."""
    file_digests = [hashlib.sha256((folder / name).read_bytes()).digest() for name in CONTENT[:-1]]
    (folder / "digest.txt").write_text(hashlib.sha256(b"".join(file_digests)).hexdigest() + "\n")
    return folder


def test_the_folder_says_which_loss_made_its_scores(tmp_path, saved_model):
    loaded = load_bundle(saved_model)
    save_bundle(tmp_path / "again", loaded.embedder, MODEL, 32, 32, saved_model / "words.tsv", "binary_cross_entropy")
    assert (loaded.loss, load_bundle(tmp_path / "again").loss) == ("", "binary_cross_entropy")
    assert read_loss(tmp_path / "again") == "binary_cross_entropy"


def test_a_model_is_loaded_as_it_was_saved(tmp_path, saved_model, model_words):
    loaded = load_bundle(saved_model)
    assert loaded.words == model_words
    assert (loaded.height, loaded.width) == (32, 32)
    assert not loaded.embedder.training
    digest = save_bundle(tmp_path / "again", loaded.embedder, MODEL, 32, 32, saved_model / "words.tsv")
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
def test_layer_pooling_projection_and_normalisation_are_loaded_as_saved(tmp_path, saved_model, model_words, model, dim):
    backbone = load_backbone(model.backbone, "random", model.feature_layer, model.pooling)
    projection = torch.randn(model.projection_dim, backbone.dim) if model.projection_dim else None
    embedder = Embedder(backbone.network, torch.randn(len(model_words), dim), backbone.normalisation, projection)
    save_bundle(tmp_path / "b", embedder, model, 96, 96, saved_model / "words.tsv")
    loaded = load_bundle(tmp_path / "b").embedder
    photos = torch.randint(256, (2, 3, 96, 96), dtype=torch.uint8)
    with torch.inference_mode():
        assert loaded(photos).shape == (2, dim)
        assert loaded(photos).equal(embedder.eval()(photos))
    assert loaded.normalisation == embedder.normalisation


def test_equal_models_are_saved_as_equal_bytes(tmp_path, saved_model):
    embedder = load_bundle(saved_model).embedder
    embedder.to(memory_format=torch.channels_last)
    save_bundle(tmp_path / "again", embedder, MODEL, 32, 32, saved_model / "words.tsv")
    for name in CONTENT:
        assert (tmp_path / "again" / name).read_bytes() == (saved_model / name).read_bytes()
    assert sorted(file.name for file in (tmp_path / "again").iterdir()) == sorted(CONTENT)


@pytest.mark.parametrize("name", CONTENT)
def test_a_missing_file_raises_an_error_with_its_name(copy, name):
    (copy / name).unlink()
    with pytest.raises(ModelError, match=rf"{name}: missing; a model is a folder with .*run dvc repro"):
        load_bundle(copy)


@pytest.mark.parametrize("name", CONTENT)
def test_a_changed_file_raises_an_error(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[0] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(ModelError, match="embedder: a file was changed after training"):
        load_bundle(copy)


def test_a_digest_that_is_not_text_raises_an_error(copy):
    (copy / "digest.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match="embedder: a file was changed after training"):
        load_bundle(copy)


def test_a_pickle_instead_of_weights_raises_an_error(copy):
    torch.save({"words": torch.zeros(8, 1024)}, copy / "model.safetensors")
    with pytest.raises(ModelError, match=r"model\.safetensors: expected a file of plain tensors"):
        load_bundle(rewrite_digest(copy))


def test_another_vocabulary_of_the_same_size_raises_an_error(copy, write_words):
    write_words(copy / "words.tsv", [f"w{n}" for n in range(8)])
    with pytest.raises(ModelError, match=r"words\.tsv: not the vocabulary that the model was trained on"):
        load_bundle(rewrite_digest(copy))


def read_json(path):
    return json.loads(path.read_text())


def replace_words(copy, write_words, words):
    """Write another words.tsv, and its sha256 into config.json."""
    write_words(copy / "words.tsv", words)
    vocabulary = hashlib.sha256((copy / "words.tsv").read_bytes()).hexdigest()
    config = read_json(copy / "config.json") | {"vocabulary": vocabulary}
    (copy / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("file", "key"),
    [
        *(("config.json", key) for key in ("backbone", "feature_layer", "pooling", "projection_dim", "vocabulary")),
        *(("config.json", key) for key in ("unit", "bias")),
        *(("preprocess.json", key) for key in ("height", "width", "mean", "std")),
    ],
)
def test_a_missing_key_raises_an_error_with_its_name(copy, file, key):
    values = read_json(copy / file)
    del values[key]
    (copy / file).write_text(json.dumps(values))
    with pytest.raises(ModelError, match=rf"embedder: config\.json or preprocess\.json lacks the key '{key}'"):
        load_bundle(rewrite_digest(copy))


@pytest.mark.parametrize("words", [["red"], [f"w{n}" for n in range(9)]])
def test_a_vocabulary_of_another_size_raises_an_error(copy, write_words, words):
    replace_words(copy, write_words, words)
    with pytest.raises(
        ModelError, match=r"embedder: config, vocabulary and weights do not fit each other: .*size mismatch"
    ) as error:
        load_bundle(rewrite_digest(copy))
    assert "\n" not in str(error.value)


def test_an_empty_vocabulary_raises_an_error(copy, write_words):
    replace_words(copy, write_words, [])
    with pytest.raises(ContractError, match=r"words\.tsv: no words"):
        load_bundle(rewrite_digest(copy))


@pytest.mark.parametrize(
    ("content", "message"), [("[]", "expected an object, got list"), ("{", "expected JSON"), ("{}", "lacks the key")]
)
def test_a_config_that_is_not_an_object_with_the_keys_raises_an_error(copy, content, message):
    (copy / "config.json").write_text(content)
    with pytest.raises(ModelError, match=message):
        load_bundle(rewrite_digest(copy))


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        ("config.json", {"backbone": "mobilenetv2"}, "mobilenetv2: not a torchvision"),
        ("config.json", {"backbone": "resnet18"}, "do not fit each other"),
        ("preprocess.json", {"height": None}, "do not fit each other"),
        ("preprocess.json", {"std": [0, 1, 1]}, "three channels"),
        ("preprocess.json", {"mean": [0.5], "std": [1]}, "three channels"),
    ],
)
def test_a_wrong_value_raises_an_error(copy, file, changes, message):
    (copy / file).write_text(json.dumps(read_json(copy / file) | changes))
    with pytest.raises(ModelError, match=message):
        load_bundle(rewrite_digest(copy))


def test_saving_with_a_vocabulary_of_another_size_raises_an_error(tmp_path, saved_model, write_words):
    words = write_words(tmp_path / "words.tsv", ["red", "green"])
    with pytest.raises(ModelError, match=r"words\.tsv: expected the 8 words of the model, got 2 words"):
        save_bundle(tmp_path / "out", load_bundle(saved_model).embedder, MODEL, 32, 32, words)
    assert not (tmp_path / "out").exists()
