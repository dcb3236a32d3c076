"""An exponential moving average (EMA) of the weights, which often generalises better than the last weights.

torch's AveragedModel is not used: it reads its number of updates from the device at every step, and the CPU would wait.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


class EMA:
    """An average of the weights and buffers of a model, which starts at their present values.

    After step t the average is d * average + (1 - d) * model with d = min(decay, (1 + t) / (10 + t)). Without this
    warm-up of d, the initial weights would dominate the average for many steps. The running statistics of batch norm
    are averaged in the same way, and integers, such as its number of batches, are copied.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        """Copy the weights.

        Args:
            model: The model in training.
            decay: The highest d, in [0, 1).
        """
        self._decay, self._num_updates = decay, 0
        self._average = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Add the weights of `model` to the average; call it after every step."""
        self._num_updates += 1
        decay = min(self._decay, (1 + self._num_updates) / (10 + self._num_updates))
        averaged, current = [], []
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                averaged.append(self._average[name])
                current.append(tensor)
            else:
                self._average[name].copy_(tensor)
        torch._foreach_lerp_(averaged, current, 1 - decay)

    def weights(self) -> dict[str, torch.Tensor]:
        """Return the average as a state_dict of the model."""
        return self._average

    def state_dict(self) -> dict[str, Any]:
        """Return the state as tensors and plain values."""
        return {"num_updates": self._num_updates, "average": self._average}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state that `state_dict` returned, on any device."""
        self._num_updates = state["num_updates"]
        for name, tensor in state["average"].items():
            self._average[name].copy_(tensor)


@contextmanager
def averaged_weights_applied(model: nn.Module, ema: EMA) -> Iterator[None]:
    """Load the averaged weights into `model` inside the with block, and restore its own weights at the end."""
    own_weights = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    model.load_state_dict(ema.weights())
    try:
        yield
    finally:
        model.load_state_dict(own_weights)
