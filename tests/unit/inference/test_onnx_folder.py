import json
import shutil

import numpy as np
import pytest

import weft
from weft.contracts import files
from weft.errors import InputError, ModelError, PhotoError
from weft.inference.onnx_folder import hash_files


@pytest.fixture
def copy(tmp_path, exported_model):
    """A copy of the exported folder that a test may change."""
    return shutil.copytree(exported_model, tmp_path / "onnx")


def sign(folder, **changes):
    """Write export.json for the present files, as if the command had written them."""
    export = json.loads((folder / files.EXPORT).read_text()) | {"files": hash_files(folder)} | changes
    (folder / files.EXPORT).write_text(json.dumps(export))
    return folder


def test_an_exported_model_is_the_model_of_its_origin(exported_model, saved_model, make_jpeg):
    exported, origin = weft.load(exported_model, workers=1), weft.load(saved_model, device="cpu", workers=1)
    assert (exported.digest, exported.words) == (origin.digest, origin.words)
    np.testing.assert_array_equal(exported.word_embeddings, origin.word_embeddings)
    np.testing.assert_array_equal(exported.embed_text("red dress"), origin.embed_text("red dress"))
    photo = make_jpeg("blue", seed=4)
    assert [tag.word for tag in exported.tag(photo)] == [tag.word for tag in origin.tag(photo)]
    np.testing.assert_allclose(exported.word_scores(photo), origin.word_scores(photo), rtol=1e-3)


def test_photos_that_cannot_be_decoded_are_skipped_or_raise(exported_model, make_jpeg):
    model = weft.load(exported_model, workers=1)
    skipped = []
    photos = [("good", make_jpeg("red")), ("bad", b"no photo")]
    ((keys, z),) = model.embed_stream(photos, skipped)
    assert (keys, z.shape) == (["good"], (1, 1_024))
    assert [key for key, _ in skipped] == ["bad"]
    with pytest.raises(PhotoError, match="cannot be decoded"):
        list(model.embed_stream(photos))


@pytest.mark.parametrize("name", [files.NETWORK, files.HEAD, files.WORD_LIST, f"calibration/{files.TAG_HEAD}"])
def test_a_changed_or_missing_file_is_named(copy, name):
    (copy / name).write_bytes((copy / name).read_bytes() + b" ")
    with pytest.raises(ModelError, match=f"{name}: changed after the export; export the model again"):
        weft.load(copy)
    (copy / name).unlink()
    with pytest.raises(ModelError, match=f"{name}: missing"):
        weft.load(copy)


def test_a_file_outside_the_folder_is_never_read(copy, tmp_path):
    (tmp_path / "secret").write_text("secret")
    sign(copy, files=hash_files(copy) | {"../secret": "0" * 64})
    with pytest.raises(ModelError, match="secret: missing"):
        weft.load(copy)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (files.NETWORK, b"no network", "ONNX Runtime cannot load this network"),
        (files.HEAD, b"no tensors", "not readable safetensors"),
        (files.WORD_LIST, b'["red"]', r"expected float32 words \(1, embedding_dim\)"),
        (files.WORD_LIST, b"{}", "expected a JSON list, got dict"),
        (files.PREPROCESS, b'{"height": 32}', "lacks the key 'width'"),
        (files.PREPROCESS, b'{"height": "x", "width": 32}', "invalid literal"),
        (files.PREPROCESS, b'{"height": 16, "width": 32}', "expected input and output"),
    ],
    ids=["network", "tensors", "fewer words", "no list", "no width", "no number", "other size"],
)
def test_files_that_do_not_fit_each_other_are_refused(copy, name, content, message):
    (copy / name).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        weft.load(sign(copy))


@pytest.mark.parametrize("changes", [{"format": 99}, {"files": {}}, {"files": None}], ids=str)
def test_an_unknown_format_is_refused(copy, changes):
    with pytest.raises(ModelError, match=r"export\.json: expected the"):
        weft.load(sign(copy, **changes))


def test_a_device_for_an_exported_model_is_refused(exported_model):
    with pytest.raises(InputError, match="an exported model computes on the CPU, got the device 'cuda'"):
        weft.load(exported_model, device="cuda")
