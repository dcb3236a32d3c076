import pytest
import torch
from torch import nn

from weft.errors import ModelError
from weft.model.backbone import load_backbone
from weft.model.param_groups import build_param_groups, freeze_modules

SMALL = "shufflenet_v2_x0_5"


def test_frozen_modules_ask_for_no_gradient():
    network = load_backbone(SMALL, "random").network
    (first,) = freeze_modules(network, ["conv1"], freeze_batch_norm=False)
    assert first is network.conv1
    asking = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert asking == {name for name, _ in network.named_parameters() if not name.startswith("conv1.")}


def test_every_batch_norm_can_be_frozen():
    network = load_backbone(SMALL, "random").network
    frozen = freeze_modules(network, [], freeze_batch_norm=True)
    assert len(frozen) == sum(name.endswith("running_mean") for name in network.state_dict())
    assert all(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize("name", ["layer1", ""])
def test_a_module_to_freeze_that_is_not_there_is_named(name):
    network = load_backbone(SMALL, "random").network
    with pytest.raises(ModelError, match=rf"no module {name}; it has conv1, .*stage2"):
        freeze_modules(network, [name], freeze_batch_norm=False)


def test_names_are_the_librarys_behind_another_pooling_too():
    network = load_backbone(SMALL, "random", pooling="gem").network
    (first,) = freeze_modules(network, ["conv1"], freeze_batch_norm=False)
    assert first is network.body.conv1


def make_chain():
    network = nn.Sequential()
    network.stem = nn.Linear(2, 2)
    network.features = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)))
    return network


def test_each_block_learns_at_a_share_of_the_rate_of_the_next():
    groups = build_param_groups(make_chain(), 1.0, 0.5)
    assert [rate for _, rate in groups] == [0.25, 0.5, 1.0]
    assert [len(parameters) for parameters, _ in groups] == [2, 2, 4]


def test_frozen_blocks_do_not_move_the_rates_of_the_others():
    network = make_chain()
    network.stem.requires_grad_(False)
    assert [rate for _, rate in build_param_groups(network, 1.0, 0.5)] == [0.5, 1.0]
    network.requires_grad_(False)
    assert build_param_groups(network, 1.0, 0.5) == build_param_groups(network, 1.0, 1.0) == []


def test_one_rate_is_one_group_with_every_parameter():
    network = load_backbone(SMALL, "random").network
    ((parameters, rate),) = build_param_groups(network, 0.3, 1.0)
    assert rate == 0.3
    assert len(parameters) == len(list(network.parameters()))


@pytest.mark.parametrize(
    ("name", "pooling", "blocks"),
    [
        ("mobilenet_v2", "average", [f"features.{n}" for n in range(19)]),
        ("resnet18", "gem", ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "pool"]),
        ("vit_b_16", "average", ["class_token", "conv_proj", "encoder", *(f"layer_{n}" for n in range(12))]),
    ],
)
def test_the_blocks_of_real_backbones_are_told_apart(name, pooling, blocks):
    with torch.device("meta") if pooling == "average" else torch.device("cpu"):
        network = load_backbone(name, "random", pooling=pooling).network
    groups = build_param_groups(network, 1.0, 0.5)
    assert len(groups) == len(blocks)
    assert sum(len(parameters) for parameters, _ in groups) == len(list(network.parameters()))
