"""The folded network is the plain one to the last digits, and leaves no trace on it."""

import copy

import pytest
import torch
from torch import nn

from weft.model.backbone import load_backbone
from weft.model.embedder import Embedder, make_random_word_embeddings
from weft.model.fuse_batch_norm import fuse_batch_norm, fused_forward


def make_network_with_statistics(name="mobilenet_v2"):
    """Batch norms whose statistics are not those of the first day."""
    network = load_backbone(name, "random").network
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.copy_(0.1 * torch.randn(module.num_features, generator=generator))
            module.running_var.copy_(0.5 + torch.rand(module.num_features, generator=generator))
            module.weight.data.copy_(0.5 + torch.rand(module.num_features, generator=generator))
    return network.eval()


def count_batch_norms(module):
    return sum(isinstance(part, nn.BatchNorm2d) for part in module.modules())


@pytest.fixture
def x():
    return torch.randn(2, 3, 64, 48, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet18", "shufflenet_v2_x0_5"])
@torch.no_grad()
def test_the_copy_gives_the_same_z_without_batch_norms(name, x):
    network = make_network_with_statistics(name)
    quick = fuse_batch_norm(network)
    assert count_batch_norms(quick) == 0 < count_batch_norms(network)
    torch.testing.assert_close(quick(x), network(x), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_whole_embedder_can_be_folded():
    encoder = make_network_with_statistics("shufflenet_v2_x0_5")
    model = Embedder(
        encoder, make_random_word_embeddings(3, 4, 1), projection=torch.randn(4, 1024) / 32, unit_norm=True
    ).eval()
    photos = torch.randint(0, 256, (2, 3, 64, 48), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
    quick = fuse_batch_norm(model)
    assert count_batch_norms(quick) == 0
    torch.testing.assert_close(quick(photos), model(photos), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_network_with_another_pooling_can_be_folded(x):
    network = load_backbone("shufflenet_v2_x0_5", "random", "stage3", "gem").network.eval()
    quick = fuse_batch_norm(network)
    assert count_batch_norms(quick) == 0 < count_batch_norms(network)
    torch.testing.assert_close(quick(x), network(x), rtol=1e-4, atol=1e-5)


def test_what_has_no_batch_norm_stays_itself():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    assert fuse_batch_norm(network) is network


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))

    def forward(self, x):
        return self.layers(x if x.mean() > 0 else -x)


def test_what_cannot_be_followed_stays_itself():
    network = Branching().eval()
    assert fuse_batch_norm(network) is network


@torch.no_grad()
def test_modules_computed_folded_give_the_same_and_are_themselves_again(x):
    network = make_network_with_statistics()
    before, state = network(x), copy.deepcopy(network.state_dict())
    with fused_forward(network.features[:3].children()):
        quick = network(x)
        assert list(network.state_dict()) == list(state)
        # Nothing of the first blocks' own batch norms is asked: they may say what they like.
        network.features[0][1].running_mean += 100
        assert network(x).equal(quick)
        network.features[0][1].running_mean.copy_(state["features.0.1.running_mean"])
    torch.testing.assert_close(quick, before, rtol=1e-4, atol=1e-5)
    assert network(x).equal(before)
    assert all(tensor.equal(state[name]) for name, tensor in network.state_dict().items())


def fail_inside(network):
    with fused_forward([network.conv1]):
        assert "forward" in vars(network.conv1)
        raise KeyError


def test_modules_are_themselves_again_after_an_error():
    network = make_network_with_statistics("shufflenet_v2_x0_5")
    with pytest.raises(KeyError):
        fail_inside(network)
    assert "forward" not in vars(network.conv1)
