import pytest
import torch

from weft.errors import ModelError
from weft.model.backbone import PLUS_MINUS_ONE, load_backbone

SMALL = "shufflenet_v2_x0_5"


@pytest.mark.parametrize(
    ("name", "width"), [(SMALL, 1_024), ("mnasnet0_5", 1_280), ("resnet18", 512), ("mobilenet_v3_small", 1_024)]
)
def test_a_backbone_gives_what_its_last_linear_layer_took_in(name, width):
    backbone = load_backbone(name, "random")
    assert backbone.dim == width
    with torch.inference_mode():
        assert backbone.network.eval()(torch.zeros(2, 3, 32, 32)).shape == (2, width)


def test_random_weights_are_the_same_at_every_call():
    first = load_backbone(SMALL, "random").network
    torch.rand(3)
    second = load_backbone(SMALL, "random").network
    assert all(first.state_dict()[name].equal(tensor) for name, tensor in second.state_dict().items())


def test_random_weights_leave_torchs_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_backbone(SMALL, "random")
    assert torch.rand(3).equal(expected)


def test_an_unknown_backbone_is_named_with_near_ones():
    with pytest.raises(ModelError, match=r"model\.backbone = mobilenetv2: .*near it: .*mobilenet_v2"):
        load_backbone("mobilenetv2", "random")
    with pytest.raises(ModelError, match=r"densnet121: .*near it: densenet121"):
        load_backbone("densnet121", "random")
    with pytest.raises(ModelError, match="near it: none"):
        load_backbone("", "random")


def test_a_backbone_without_a_linear_layer_is_refused():
    with pytest.raises(ModelError, match="squeezenet1_1: has no linear classifier"):
        load_backbone("squeezenet1_1", "random")


def test_weights_of_another_backbone_are_refused(tmp_path):
    torch.save({"conv1.weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match=rf"other\.pth: do not fit the backbone {SMALL}: .*key") as error:
        load_backbone(SMALL, str(tmp_path / "other.pth"))
    assert "\n" not in str(error.value)


def test_inception_gives_one_embedding_in_training_too():
    backbone = load_backbone("inception_v3", "random")
    assert backbone.dim == 2_048
    assert backbone.normalisation == PLUS_MINUS_ONE
    assert backbone.network.train()(torch.zeros(2, 3, 96, 96)).shape == (2, 2_048)


@pytest.mark.parametrize(("name", "height", "width"), [("vit_b_16", 128, 96), ("inception_v3", 40, 40)])
def test_a_size_that_the_network_cannot_take_is_answered(name, height, width):
    backbone = load_backbone(name, "random")
    with pytest.raises(ModelError, match=rf"takes no photos of prepare.height = {height} .*224 x 224 suits") as error:
        backbone.check_size(height, width)
    assert "\n" not in str(error.value)


def test_most_networks_take_any_size():
    load_backbone(SMALL, "random").check_size(128, 96)
