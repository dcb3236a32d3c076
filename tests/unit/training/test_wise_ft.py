"""Weights between two models, beside the definition."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from weft.training.finetune_stage import wise_ft

pytestmark = pytest.mark.slow


def make_network(seed):
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    network(torch.randn(2, 3, 5, 5))
    return network


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_wise_ft_interpolates_every_weight_and_statistic(share):
    first, trained = make_network(0), make_network(1)
    mixed = deepcopy(trained)
    wise_ft(mixed, first, share)
    for name, tensor in mixed.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        expected = (1 - share) * trained.state_dict()[name] + share * first.state_dict()[name]
        torch.testing.assert_close(tensor, expected)


def test_wise_ft_does_not_change_the_pretrained_model():
    first = make_network(0)
    before = deepcopy(first.state_dict())
    wise_ft(make_network(1), first, 0.5)
    assert all(tensor.equal(before[name]) for name, tensor in first.state_dict().items())
