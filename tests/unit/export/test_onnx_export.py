import json
import shutil

import numpy as np
import pytest
import torch

from weft import artefacts
from weft.contracts import files
from weft.errors import InputError, ModelError
from weft.export import onnx_export, parity
from weft.export.onnx_export import export_onnx
from weft.inference.onnx_encoder import load_onnx_model
from weft.inference.onnx_folder import hash_files
from weft.inference.torch_encoder import load_torch_model
from weft.model.bundle import save_bundle
from weft.model.embedder import Embedder
from weft.params import ModelParams


@pytest.fixture
def photos(make_jpeg):
    return [(colour, make_jpeg(colour, seed=n)) for n, colour in enumerate(["red", "green", "blue"])]


def list_files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_the_folder_has_all_that_embedding_tagging_and_search_need(exported_model, saved_model, model_words):
    assert list_files(exported_model) == [
        "calibration",
        *(f"calibration/{name}" for name in sorted([files.CALIBRATION, files.CALIBRATED_WORDS, files.TAG_HEAD])),
        *sorted([files.EXPORT, files.HEAD, files.NETWORK, files.PREPROCESS, files.WORD_LIST]),
    ]
    assert json.loads((exported_model / files.WORD_LIST).read_text()) == model_words
    export = json.loads((exported_model / files.EXPORT).read_text())
    assert export["model"] == (saved_model / files.DIGEST).read_text().strip()
    assert export["opset"] == 17
    assert export["input"] == {"name": "photos", "type": "uint8", "shape": ["batch", 3, 32, 32]}
    assert export["parity"]["photos"] == 20
    assert 0 <= max(export["parity"][name] for name in ("embeddings", "word_scores", "tag_probabilities")) < 1e-4


def test_the_network_is_valid_onnx_with_a_free_batch_size_and_no_other_file(exported_model):
    onnx = pytest.importorskip("onnx", reason="needs the extra onnx")
    onnx.checker.check_model(exported_model / files.NETWORK, full_check=True)
    model = onnx.load(exported_model / files.NETWORK, load_external_data=False)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert not any(tensor.external_data for tensor in model.graph.initializer)


@pytest.mark.parametrize("count", [1, 3])
def test_any_number_of_photos_gives_the_embeddings_of_pytorch(exported_model, saved_model, photos, count):
    got, expected = (
        np.concatenate([z for _, z in model.encoder.embed_stream(photos[:count])])
        for model in (load_onnx_model(exported_model, 1, 1), load_torch_model(saved_model, "cpu", 1))
    )
    assert got.shape == expected.shape == (count, 1_024)
    np.testing.assert_allclose(got, expected, atol=1e-4 * np.abs(expected).max())


def test_projection_unit_norm_and_bias_are_exported(tmp_path, saved_model, model_words, photos):
    pytest.importorskip("onnx", reason="needs the extra onnx")
    from weft.model.backbone import load_backbone

    params = ModelParams("shufflenet_v2_x0_5", "random", "stage3", "gem", 6)
    backbone = load_backbone(params.backbone, "random", params.feature_layer, params.pooling)
    generator = torch.Generator().manual_seed(0)
    projection, bias = torch.randn(6, backbone.dim, generator=generator), torch.randn(8, 1, generator=generator)
    embedder = Embedder(backbone.network, torch.randn(8, 6), backbone.normalisation, projection, bias, unit_norm=True)
    save_bundle(tmp_path / "model", embedder, params, 48, 32, saved_model / files.WORDS)

    exported = export_onnx(tmp_path / "model", tmp_path / "none", photos, tmp_path / "onnx")

    assert not exported.calibrated
    assert exported.parity.tag_probabilities is None
    loaded = load_onnx_model(tmp_path / "onnx", 1, 1)
    ((_, z),) = loaded.encoder.embed_stream(photos)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(loaded.word_bias, bias[:, 0].numpy())
    w = artefacts.read_word_embeddings(tmp_path / "model" / files.MODEL)
    np.testing.assert_array_equal(loaded.word_embeddings, w)


@pytest.fixture
def wrong_network(monkeypatch):
    """Lets the exporter write a network that adds 0.01 to every embedding."""
    write = onnx_export._write_network

    def write_changed(bundle, path):
        forward = bundle.embedder.forward
        bundle.embedder.forward = lambda pixels: forward(pixels) + 0.01
        write(bundle, path)

    monkeypatch.setattr(onnx_export, "_write_network", write_changed)


@pytest.mark.usefixtures("wrong_network")
def test_an_export_that_differs_from_pytorch_leaves_what_was_there(tmp_path, saved_model, exported_model, photos):
    before = shutil.copytree(exported_model, tmp_path / "onnx")
    content = hash_files(before)
    message = "the embeddings of ONNX Runtime differ .* on 3 photos, expected at most 1e-04"
    with pytest.raises(ModelError, match=message):
        export_onnx(saved_model, tmp_path / "none", photos, before)
    assert hash_files(before) == content
    assert [path.name for path in tmp_path.iterdir()] == ["onnx"]


def test_not_a_number_is_no_parity():
    nan = np.array([[np.nan]])
    assert not parity._relative_difference(nan, nan) <= parity.TOLERANCE


def test_photos_that_cannot_be_decoded_are_left_out_and_at_least_one_must_remain(saved_model, exported_model, photos):
    assert parity.measure_parity(saved_model, exported_model, [("bad", b"no photo"), *photos]).photos == 3
    with pytest.raises(InputError, match=r"none of the photos can be decoded; name others with --photos"):
        parity.measure_parity(saved_model, exported_model, [("bad", b"no photo")])


def test_a_folder_with_other_files_is_never_replaced(tmp_path, saved_model, calibration, photos):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="it exists and is no exported model"):
        export_onnx(saved_model, calibration, photos, tmp_path)
    with pytest.raises(InputError, match="it is inside the model's folder"):
        export_onnx(saved_model, calibration, photos, saved_model / "onnx")
    assert list_files(tmp_path) == ["mine.txt"]


def test_the_calibration_of_another_model_is_refused(tmp_path, saved_model, calibration, photos):
    other = shutil.copytree(calibration, tmp_path / "calibration")
    (other / files.CALIBRATION).write_text(json.dumps({"model": "0" * 64, "penalty": 1.0}))
    with pytest.raises(ModelError, match="the thresholds belong to another model"):
        export_onnx(saved_model, other, photos, tmp_path / "onnx")
    assert not (tmp_path / "onnx").exists()
