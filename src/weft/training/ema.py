"""An exponential moving average (EMA) of the weights, which often generalises better than the last weights."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel


def build_ema(model: nn.Module, decay: float) -> AveragedModel:
    """Return an average that starts at the weights of `model`; call `update_parameters(model)` after every step.

    After step t the average is d * average + (1 - d) * model with d = min(decay, (1 + t) / (10 + t)). Without this
    warm-up of d, the initial weights would dominate the average for many steps. The running statistics of batch norm
    are averaged in the same way.

    Args:
        model: The model in training.
        decay: The highest d, in [0, 1).
    """

    def average(averaged: torch.Tensor, current: torch.Tensor, step: torch.Tensor | int) -> torch.Tensor:
        if not averaged.is_floating_point():  # Batch norm counts its batches as an integer.
            return current
        return averaged.lerp(current, 1 - min(decay, (1 + int(step)) / (10 + int(step))))

    averaged_model = AveragedModel(model, avg_fn=average, use_buffers=True)
    averaged_model.update_parameters(model)  # The first update only copies the weights.
    return averaged_model


@contextmanager
def averaged_weights_applied(model: nn.Module, averaged_model: AveragedModel) -> Iterator[None]:
    """Load the averaged weights into `model` inside the with block, and restore its own weights at the end."""
    own_weights = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    model.load_state_dict(averaged_model.module.state_dict())
    try:
        yield
    finally:
        model.load_state_dict(own_weights)
