import pytest
import torch

from weft.errors import ModelError
from weft.model.backbone import load_backbone
from weft.model.pooling import GeM

SMALL = "shufflenet_v2_x0_5"


def random_tensor(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def test_gem_is_the_generalised_mean_of_each_channel():
    x, pool = random_tensor(2, 3, 4, 5), GeM()
    naive = [[sum(float(v) ** 3 for v in channel.flatten()) / 20 for channel in photo] for photo in x]
    torch.testing.assert_close(pool(x), torch.tensor(naive) ** (1 / 3))


def test_gem_lies_between_average_and_maximum():
    x, pool = random_tensor(2, 3, 4, 5), GeM()
    torch.nn.init.constant_(pool.p, 1)
    torch.testing.assert_close(pool(x), x.mean((2, 3)))
    torch.nn.init.constant_(pool.p, 60)
    torch.testing.assert_close(pool(x), x.amax((2, 3)), rtol=0.06, atol=0)


def test_the_exponent_of_gem_is_trained_and_its_gradient_is_finite_for_a_map_of_zeros():
    pool = GeM()
    pool(torch.zeros(1, 2, 3, 3)).sum().backward()
    assert pool.p.grad.isfinite()
    pool(random_tensor(1, 2, 3, 3)).sum().backward()
    assert pool.p.grad != 0


@pytest.mark.parametrize("name", [SMALL, "mobilenet_v2", "resnet18", "densenet121"])
def test_the_last_feature_map_is_found_in_any_network(name):
    usual, gem = load_backbone(name, "random"), load_backbone(name, "random", pooling="gem")
    torch.nn.init.constant_(gem.network.pool.p, 1)
    photos = random_tensor(2, 3, 64, 64)
    with torch.inference_mode():
        assert gem.dim == usual.dim
        # p = 1 is the mean of what the network's own pooling averages; DenseNet's last ReLU is GeM's clamp.
        torch.testing.assert_close(gem.network.eval()(photos), usual.network.eval()(photos), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("pooling", ["average", "gem"])
def test_the_dimension_of_z_is_the_number_of_channels_of_the_chosen_layer(pooling):
    backbone = load_backbone("resnet18", "random", layer="layer2", pooling=pooling)
    assert backbone.dim == 128
    photos = random_tensor(3, 3, 64, 48)
    assert backbone.network(photos).shape == (3, 128)
    backbone.network(photos).sum().backward()
    assert not any(name.startswith("body.layer3") for name in backbone.network.state_dict())


def test_a_backbone_with_a_chosen_layer_updates_batch_norm_only_in_training_mode():
    network = load_backbone(SMALL, "random", layer="stage2").network
    before = network.body.get_submodule("conv1.1").running_mean.clone()
    network.eval()(random_tensor(2, 3, 64, 64))
    assert network.body.get_submodule("conv1.1").running_mean.equal(before)
    network.train()(random_tensor(2, 3, 64, 64))
    assert not network.body.get_submodule("conv1.1").running_mean.equal(before)


@pytest.mark.parametrize("layer", ["layer9", "fc", ""])
def test_a_layer_without_a_feature_map_raises_an_error_with_the_valid_layers(layer):
    with pytest.raises(ModelError, match=rf"model.feature_layer = {layer}: expected a layer of resnet18 .*layer4"):
        load_backbone("resnet18", "random", layer=layer)


def test_gem_on_a_transformer_raises_an_error():
    with pytest.raises(ModelError, match=r"model.pooling = gem: the output of vit_b_16 is a sequence of tokens"):
        load_backbone("vit_b_16", "random", pooling="gem")
