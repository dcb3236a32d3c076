import json

import pytest
import torch
from safetensors.torch import save_file

from weft.errors import ModelError
from weft.model.backbone import load_backbone
from weft.model.bundle import load_bundle, save_bundle
from weft.model.embedder import Embedder
from weft.params import ModelParams

timm = pytest.importorskip("timm", reason="timm is not installed: requirements-weights.txt")
TIMM = "timm:test_resnet"


@pytest.fixture(scope="module")
def open_clip(tmp_path_factory):
    """open_clip with a model small enough for tests."""
    open_clip = pytest.importorskip("open_clip", reason="open_clip is not installed: pip install open_clip_torch")
    config = {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 16, "heads": 1, "layers": 1},
    }
    path = tmp_path_factory.mktemp("open_clip") / "test-tiny.json"
    path.write_text(json.dumps(config))
    open_clip.add_model_config(path)
    return open_clip


def test_a_model_of_timm_embeds_photos_and_brings_its_normalisation():
    backbone = load_backbone(TIMM, "random")
    assert (backbone.dim, backbone.normalisation.mean) == (96, (0.5, 0.5, 0.5))
    with torch.inference_mode():
        assert backbone.network.eval()(torch.zeros(2, 3, 64, 48)).shape == (2, 96)


def test_random_weights_are_the_same_at_every_call():
    first = load_backbone(TIMM, "random").network.state_dict()
    torch.rand(3)
    assert all(first[key].equal(value) for key, value in load_backbone(TIMM, "random").network.state_dict().items())


def test_weights_of_timm_are_read_from_a_local_file_with_their_classifier(tmp_path):
    model = timm.create_model("test_resnet")
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    photos = torch.rand(2, 3, 64, 48)
    with torch.inference_mode():
        loaded = load_backbone(TIMM, str(tmp_path / "weights.safetensors")).network.eval()(photos)
        assert loaded.equal(model.eval().forward_head(model.forward_features(photos), pre_logits=True))


def test_a_feature_layer_of_timm_can_be_pooled():
    assert (
        load_backbone(TIMM, "random", "layer3", "gem").dim
        == timm.create_model("test_resnet").layer3[-1].conv3.out_channels
    )


def test_a_model_folder_names_a_backbone_of_timm(tmp_path, saved_model):
    backbone = load_backbone(TIMM, "random")
    words = saved_model / "words.tsv"
    embedder = Embedder(backbone.network, torch.zeros(len(load_bundle(saved_model).words), 96), backbone.normalisation)
    save_bundle(tmp_path / "model", embedder, ModelParams(TIMM, "random", "last", "average", 0), 64, 48, words)
    loaded = load_bundle(tmp_path / "model").embedder
    assert loaded.normalisation == backbone.normalisation
    photos = torch.zeros(1, 3, 64, 48, dtype=torch.uint8)
    with torch.inference_mode():
        assert loaded(photos).equal(embedder.eval()(photos))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("timm:test_resnt", "not a model of timm; similar names: .*test_resnet"),
        ("timm:hf-hub:someone/model", "not a model of timm"),
        ("timm:test_resnet./../x", "expected a model of timm with at most a tag"),
    ],
)
def test_a_name_that_timm_does_not_list_is_refused(name, message):
    with pytest.raises(ModelError, match=message):
        load_backbone(name, "random")


def test_weights_of_another_model_are_refused(tmp_path):
    save_file({"conv1.weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match=rf"other\.safetensors: they do not fit the backbone {TIMM}: .*key"):
        load_backbone(TIMM, str(tmp_path / "other.safetensors"))


def test_the_image_encoder_of_a_clip_model_is_read_from_the_file_of_the_whole_model(tmp_path, open_clip):
    model = open_clip.create_model("test-tiny")
    save_file(model.state_dict(), tmp_path / "clip.safetensors")
    backbone = load_backbone("open_clip:test-tiny", str(tmp_path / "clip.safetensors"))
    photos = torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(backbone.network.eval()(photos), model.eval().encode_image(photos))
    assert backbone.dim == 24
    assert backbone.normalisation.mean == pytest.approx(open_clip.OPENAI_DATASET_MEAN)


@pytest.mark.parametrize(
    ("name", "weights", "message"),
    [
        ("open_clip:test-tny", "random", "not a model of open_clip; similar names: .*test-tiny"),
        ("open_clip:hf-hub:someone/model", "random", "not a model of open_clip"),
        ("open_clip:test-tiny", "imagenet", "open_clip:test-tiny has no such weights; set model.weights to the path"),
    ],
)
def test_a_clip_model_without_a_definition_or_weights_is_refused(open_clip, name, weights, message):
    with pytest.raises(ModelError, match=message):
        load_backbone(name, weights)
