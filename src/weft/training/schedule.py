"""Optimisers and learning-rate schedules by the names of params.yaml."""

import math
from typing import Any

import torch
from torch import nn

from weft.params import Training
from weft.training.by_rows import AdamWByRows, SGDByRows

PLATEAU_FACTOR = 0.1
"""The paper's: x 0.1 after 10 epochs without improvement."""

_IMPROVEMENT = 1e-4
"""The share of the best loss by which a new one must be lower to count: less is noise."""
_RISE = 0.3
"""one_cycle: the share of all steps in which the rates rise."""
_FIRST, _LAST = 1 / 25, 1 / 250_000
"""one_cycle: the first and the last rate, as shares of the highest. Torch's own choices, after Smith and Topin."""


def build_optimizer(groups: list[tuple[list[nn.Parameter], float]], settings: Training) -> torch.optim.Optimizer:
    """The optimiser of `settings` over groups of (parameters, learning rate); the last group is W.

    Where the loss gives W a sparse gradient, rows that a step did not touch stay as they are.
    """
    tensors = [{"params": parameters, "lr": rate} for parameters, rate in groups]
    if settings.optimizer == "sgd":
        return SGDByRows(tensors, lr=0.0, momentum=settings.momentum, weight_decay=settings.weight_decay)
    return AdamWByRows(tensors, lr=0.0, weight_decay=settings.weight_decay)


class Schedule:
    """Moves all learning rates together: a factor that depends on the step, and on val where it says plateau.

    Every schedule but one_cycle, which rises by itself, may begin with a linear warm-up.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, settings: Training, steps_per_epoch: int) -> None:
        self._optimizer, self._settings = optimizer, settings
        self._rates = [group["lr"] for group in optimizer.param_groups]
        self._total = settings.epochs * steps_per_epoch
        self._warm_up = 0 if settings.schedule == "one_cycle" else round(settings.warm_up * steps_per_epoch)
        self._step, self._reduction, self._best, self._in_vain = 0, 1.0, math.inf, 0
        self._set_rates()

    def after_step(self) -> None:
        """Call after every optimiser step."""
        self._step += 1
        self._set_rates()

    def after_epoch(self, val_loss: float) -> None:
        """Call after every epoch's validation."""
        if self._settings.schedule != "plateau":
            return
        if val_loss < self._best * (1 - _IMPROVEMENT):
            self._best, self._in_vain = val_loss, 0
        else:
            self._in_vain += 1
        if self._in_vain >= self._settings.patience:
            self._reduction, self._in_vain = self._reduction * PLATEAU_FACTOR, 0
        self._set_rates()

    def state_dict(self) -> dict[str, Any]:
        """Plain values, fit for a checkpoint."""
        return {"step": self._step, "reduction": self._reduction, "best": self._best, "in_vain": self._in_vain}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self._step, self._reduction = state["step"], state["reduction"]
        self._best, self._in_vain = state["best"], state["in_vain"]
        self._set_rates()

    def _set_rates(self) -> None:
        factor = self._reduction * self._factor()
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = factor * rate

    def _factor(self) -> float:
        if self._settings.schedule == "one_cycle":
            return _one_cycle(self._step, self._total)
        if self._step < self._warm_up:
            return (self._step + 1) / (self._warm_up + 1)
        if self._settings.schedule == "cosine":
            return _between(1.0, 0.0, (self._step - self._warm_up) / max(1, self._total - self._warm_up))
        return 1.0


def _one_cycle(step: int, total: int) -> float:
    """Up on a cosine, down on a longer one; the last rate stands after the last step, not at it."""
    top = _RISE * (total + 1) - 1
    if step <= top:
        return _between(_FIRST, 1.0, step / top)
    return _between(1.0, _LAST, min(1.0, (step - top) / (total - top)))


def _between(first: float, last: float, way: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * way)) / 2
