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


def test_gem_learns_its_power_also_where_nothing_is_seen():
    pool = GeM()
    pool(torch.zeros(1, 2, 3, 3)).sum().backward()
    assert pool.p.grad.isfinite()
    pool(random_tensor(1, 2, 3, 3)).sum().backward()
    assert pool.p.grad != 0


@pytest.mark.parametrize("name", [SMALL, "mobilenet_v2", "resnet18", "densenet121"])
def test_the_last_map_is_found_whatever_the_network_calls_it(name):
    usual, gem = load_backbone(name, "random"), load_backbone(name, "random", pooling="gem")
    torch.nn.init.constant_(gem.network.pool.p, 1)
    photos = random_tensor(2, 3, 64, 64)
    with torch.inference_mode():
        assert gem.dim == usual.dim
        # p = 1 is the mean of what the network's own pooling averages; DenseNet's last ReLU is GeM's clamp.
        torch.testing.assert_close(gem.network.eval()(photos), usual.network.eval()(photos), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("pooling", ["average", "gem"])
def test_a_layer_in_the_middle_gives_its_own_width(pooling):
    backbone = load_backbone("resnet18", "random", layer="layer2", pooling=pooling)
    assert backbone.dim == 128
    photos = random_tensor(3, 3, 64, 48)
    assert backbone.network(photos).shape == (3, 128)
    backbone.network(photos).sum().backward()
    assert not any(name.startswith("body.layer3") for name in backbone.network.state_dict())


def test_a_cut_backbone_trains_its_batch_norm_as_the_whole_one_does():
    network = load_backbone(SMALL, "random", layer="stage2").network
    before = network.body.get_submodule("conv1.1").running_mean.clone()
    network.eval()(random_tensor(2, 3, 64, 64))
    assert network.body.get_submodule("conv1.1").running_mean.equal(before)
    network.train()(random_tensor(2, 3, 64, 64))
    assert not network.body.get_submodule("conv1.1").running_mean.equal(before)


@pytest.mark.parametrize("layer", ["layer9", "fc", ""])
def test_a_layer_that_gives_no_map_is_refused_and_others_are_named(layer):
    with pytest.raises(ModelError, match=rf"model.feature_layer = {layer}: no layer of resnet18 .*those are .*layer4"):
        load_backbone("resnet18", "random", layer=layer)


def test_gem_after_tokens_is_refused():
    with pytest.raises(ModelError, match=r"model.pooling = gem: vit_b_16 ends in tokens"):
        load_backbone("vit_b_16", "random", pooling="gem")
