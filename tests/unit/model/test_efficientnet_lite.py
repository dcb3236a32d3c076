import importlib.util

import pytest
import torch

from weft.errors import ModelError
from weft.model.backbone import PLUS_MINUS_ONE, load_backbone
from weft.model.param_groups import freeze_modules
from weft.model.weights import LITE_TO_TIMM, PACKAGED, build_lite_network, rename_state_dict

requires_timm = pytest.mark.skipif(
    importlib.util.find_spec("timm") is None or importlib.util.find_spec(PACKAGED["efficientnet_lite0"][0]) is None,
    reason="requirements-weights.txt is not installed",
)
pytestmark = requires_timm


@pytest.mark.parametrize("name", list(LITE_TO_TIMM))
def test_imagenet_weights_of_the_package_fit_strictly(name):
    backbone = load_backbone(name, "imagenet")
    assert (backbone.dim, backbone.normalisation) == (1_280, PLUS_MINUS_ONE)
    # The running variances of an untrained network are all 1.
    variances = [tensor for key, tensor in backbone.network.state_dict().items() if key.endswith("running_var")]
    assert not any(tensor.equal(torch.ones_like(tensor)) for tensor in variances)


def test_tensors_of_a_package_are_renamed_to_those_of_timm():
    network = build_lite_network("efficientnet_lite0")
    package = {"_conv_stem.weight": 1, "_blocks.0._bn1.bias": 2, "_blocks.1._expand_conv.weight": 3,
               "_blocks.1._bn2.bias": 4, "_fc.bias": 5, "other": 6}  # fmt: skip
    assert rename_state_dict(package, network) == {
        "conv_stem.weight": 1,
        "blocks.0.0.bn1.bias": 2,
        "blocks.1.0.conv_pw.weight": 3,
        "blocks.1.0.bn3.bias": 4,
        "classifier.bias": 5,
        "other.": 6,
    }


def test_weights_of_another_network_raise_an_error(tmp_path):
    torch.save({"_blocks.99._bn0.weight": torch.zeros(2)}, tmp_path / "w.pth")
    with pytest.raises(ModelError, match="do not fit the backbone efficientnet_lite0"):
        load_backbone("efficientnet_lite0", str(tmp_path / "w.pth"))


def test_a_missing_timm_raises_an_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "timm", None)
    with pytest.raises(
        ModelError, match=r"efficientnet_lite1: this backbone needs timm; pip install --no-deps -r requirements-w"
    ):
        load_backbone("efficientnet_lite1", "random")


def test_it_can_be_pooled_otherwise_and_frozen_by_timms_names():
    backbone = load_backbone("efficientnet_lite0", "random", layer="blocks.4", pooling="gem")
    assert backbone.dim == 112
    assert backbone.network(torch.zeros(2, 3, 64, 48)).shape == (2, 112)
    (stem,) = freeze_modules(backbone.network, ["conv_stem"], freeze_batch_norm=False)
    assert not stem.weight.requires_grad
