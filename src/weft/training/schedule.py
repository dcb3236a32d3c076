"""Optimisers and learning-rate schedules by the names of params.yaml."""

from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from weft.params import Training

PLATEAU_FACTOR = 0.1
"""The paper's: x 0.1 after 10 epochs without improvement."""


def build_optimizer(groups: list[tuple[list[nn.Parameter], float]], settings: Training) -> torch.optim.Optimizer:
    """The optimiser of `settings` over groups of (parameters, learning rate); the last group is W."""
    tensors = [{"params": parameters, "lr": rate} for parameters, rate in groups]
    if settings.optimizer == "sgd":
        return torch.optim.SGD(tensors, lr=0.0, momentum=settings.momentum, weight_decay=settings.weight_decay)
    return torch.optim.AdamW(tensors, lr=0.0, weight_decay=settings.weight_decay)


class Schedule:
    """Moves the learning rates: one_cycle after each step, plateau after each epoch."""

    def __init__(self, optimizer: torch.optim.Optimizer, settings: Training, steps_per_epoch: int) -> None:
        self._by_step: OneCycleLR | None = None
        self._by_epoch: ReduceLROnPlateau | None = None
        if settings.schedule == "one_cycle":
            rates = [group["lr"] for group in optimizer.param_groups]
            # One more than are taken: the rate is 0 after the last step, not at it. Momentum stays: cycling it would
            # hide the parameter of that name.
            self._by_step = OneCycleLR(
                optimizer, rates, total_steps=settings.epochs * steps_per_epoch + 1, cycle_momentum=False
            )
        else:
            # Torch counts the epochs it still bears; the paper those after which the rate falls.
            self._by_epoch = ReduceLROnPlateau(optimizer, factor=PLATEAU_FACTOR, patience=settings.patience - 1)

    def after_step(self) -> None:
        """Call after every optimiser step."""
        if self._by_step:
            self._by_step.step()

    def after_epoch(self, val_loss: float) -> None:
        """Call after every epoch's validation."""
        if self._by_epoch:
            self._by_epoch.step(val_loss)

    def state_dict(self) -> dict[str, Any]:
        """Plain values, fit for a checkpoint."""
        return _plain((self._by_step or self._by_epoch).state_dict())  # type: ignore[union-attr]

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        (self._by_step or self._by_epoch).load_state_dict(state)  # type: ignore[union-attr]


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in state.items() if isinstance(value, bool | int | float | str | list | type(None))
    }
