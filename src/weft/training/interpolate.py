"""Weights between those before a training and those after it, which remember some of what the training forgot."""

import torch
from torch import nn


@torch.no_grad()
def wise_ft(model: nn.Module, pretrained: nn.Module, pretrained_weight: float) -> None:
    """Move the weights of `model`, statistics of batch norm included, towards those of `first`.

    theta = (1 - share) * theta_1 + share * theta_0 (Wortsman et al. 2022, WiSE-FT, arXiv 2109.01903, section 3, with
    alpha = 1 - share): other domains come back much faster than what was trained for goes.

    Args:
        model: As trained; changed in place.
        first: The same before its training, on any device.
        share: Of `first`, in [0, 1].
    """
    pretrained_state = pretrained.state_dict()
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():  # the rest counts batches
            tensor.lerp_(pretrained_state[name].to(tensor.device), pretrained_weight)
