import pytest
import torch

from weft.errors import ModelError
from weft.model.backbone import PLUS_MINUS_ONE, load_backbone

SMALL = "shufflenet_v2_x0_5"


@pytest.mark.parametrize(
    ("name", "width"), [(SMALL, 1_024), ("mnasnet0_5", 1_280), ("resnet18", 512), ("mobilenet_v3_small", 1_024)]
)
def test_z_is_the_input_of_the_last_linear_layer(name, width):
    backbone = load_backbone(name, "random")
    assert backbone.dim == width
    with torch.inference_mode():
        assert backbone.network.eval()(torch.zeros(2, 3, 32, 32)).shape == (2, width)


def test_random_weights_are_the_same_at_every_call():
    first = load_backbone(SMALL, "random").network
    torch.rand(3)
    second = load_backbone(SMALL, "random").network
    assert all(first.state_dict()[name].equal(tensor) for name, tensor in second.state_dict().items())


def test_random_weights_do_not_change_the_random_state_of_torch():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_backbone(SMALL, "random")
    assert torch.rand(3).equal(expected)


def test_an_unknown_backbone_raises_an_error_with_similar_names():
    with pytest.raises(ModelError, match=r"model\.backbone = mobilenetv2: .*similar names: .*mobilenet_v2"):
        load_backbone("mobilenetv2", "random")
    with pytest.raises(ModelError, match=r"densnet121: .*similar names: densenet121"):
        load_backbone("densnet121", "random")
    with pytest.raises(ModelError, match="similar names: none"):
        load_backbone("", "random")


def test_a_backbone_without_a_linear_layer_raises_an_error():
    with pytest.raises(ModelError, match="squeezenet1_1: the network has no linear classifier"):
        load_backbone("squeezenet1_1", "random")


def test_weights_of_another_backbone_raise_an_error(tmp_path):
    torch.save({"conv1.weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match=rf"other\.pth: they do not fit the backbone {SMALL}: .*key") as error:
        load_backbone(SMALL, str(tmp_path / "other.pth"))
    assert "\n" not in str(error.value)


def test_inception_returns_one_embedding_in_training_mode():
    backbone = load_backbone("inception_v3", "random")
    assert backbone.dim == 2_048
    assert backbone.normalisation == PLUS_MINUS_ONE
    assert backbone.network.train()(torch.zeros(2, 3, 96, 96)).shape == (2, 2_048)


@pytest.mark.parametrize(("name", "height", "width"), [("vit_b_16", 128, 96), ("inception_v3", 40, 40)])
def test_a_size_that_the_network_does_not_accept_raises_an_error(name, height, width):
    backbone = load_backbone(name, "random")
    with pytest.raises(
        ModelError, match=rf"does not accept photos of prepare.height = {height} .*accepts 224 x 224"
    ) as error:
        backbone.check_size(height, width)
    assert "\n" not in str(error.value)


def test_a_convolutional_network_accepts_any_size():
    backbone = load_backbone(SMALL, "random")
    backbone.check_size(128, 96)
    with torch.inference_mode():
        assert backbone.network.eval()(torch.zeros(1, 3, 128, 96)).shape == (1, backbone.dim)
