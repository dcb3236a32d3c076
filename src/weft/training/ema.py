"""An exponential moving average of the weights (EMA): often better than the last weights, at no cost when used."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class ExponentialMovingAverage:
    """Follows a model, statistics of batch norm included, as decay * average + (1 - decay) * model after each step.

    The first steps decay less, (1 + step) / (10 + step), or the untrained weights would weigh for long.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._model, self._decay, self._steps = model, decay, 0
        self._average = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def update(self) -> None:
        """Call after every optimiser step."""
        self._steps += 1
        model_weight = 1 - min(self._decay, (1 + self._steps) / (10 + self._steps))
        for name, tensor in self._model.state_dict().items():
            if tensor.is_floating_point():
                self._average[name].lerp_(tensor, model_weight)
            else:  # counts of batches
                self._average[name].copy_(tensor)

    @contextmanager
    def average_parameters(self) -> Iterator[None]:
        """The model has the average for its weights as long as this is open."""
        model_state = {name: tensor.detach().clone() for name, tensor in self._model.state_dict().items()}
        self._model.load_state_dict(self._average)
        try:
            yield
        finally:
            self._model.load_state_dict(model_state)

    def averaged_state_dict(self) -> dict[str, torch.Tensor]:
        """The average itself, by the names of the model's own weights."""
        return self._average

    def state_dict(self) -> dict[str, object]:
        """Tensors and a count, fit for a checkpoint."""
        return {"steps": self._steps, "average": self._average}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Go on where `state` was taken."""
        steps, average = state["steps"], state["average"]
        assert isinstance(steps, int)
        assert isinstance(average, dict)
        self._steps = steps
        for name, tensor in average.items():
            self._average[name].copy_(tensor)
