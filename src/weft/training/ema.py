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
        # These tensors share the memory of the model, whose weights change in place. Collecting them takes longer than
        # launching their kernel, so it is done once.
        current = model.state_dict()
        self._average = {name: tensor.detach().clone() for name, tensor in current.items()}
        averaged_names = [name for name, tensor in current.items() if tensor.is_floating_point()]
        self._averaged = [self._average[name] for name in averaged_names]
        self._current = [current[name] for name in averaged_names]
        self._copied = [(self._average[name], current[name]) for name in current if name not in set(averaged_names)]

    @torch.no_grad()
    def update(self) -> None:
        """Add the present weights of the model to the average; call it after every step."""
        self._num_updates += 1
        decay = min(self._decay, (1 + self._num_updates) / (10 + self._num_updates))
        torch._foreach_lerp_(self._averaged, self._current, 1 - decay)
        for average, tensor in self._copied:
            average.copy_(tensor)

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
