"""Optimisers and learning-rate schedules by the names of params.yaml."""

import math
from typing import Any

import torch
from torch import nn

from weft.params import (
    CosineSchedule,
    FinetuneOptimizer,
    HeadOptimizer,
    HeadSGD,
    OneCycleSchedule,
    PlateauSchedule,
    ScheduleSettings,
)
from weft.training.optimizers import SparseRowAdamW, SparseRowSGD

PLATEAU_FACTOR = 0.1
"""The paper's: x 0.1 after 10 epochs without improvement."""

_PLATEAU_THRESHOLD = 1e-4
"""The share of the best loss by which a new one must be lower to count: less is noise."""
_ONE_CYCLE_PCT_START = 0.3
"""one_cycle: the share of all steps in which the rates rise."""
_ONE_CYCLE_INITIAL_FACTOR, _ONE_CYCLE_FINAL_FACTOR = 1 / 25, 1 / 250_000
"""one_cycle: the first and the last rate, as shares of the highest. Torch's own choices, after Smith and Topin."""


def build_optimizer(
    groups: list[tuple[list[nn.Parameter], float]], settings: HeadOptimizer | FinetuneOptimizer
) -> torch.optim.Optimizer:
    """The optimiser of `settings` over groups of (parameters, learning rate); the last group is W.

    Where the loss gives W a sparse gradient, rows that a step did not touch stay as they are.
    """
    tensors = [{"params": parameters, "lr": rate} for parameters, rate in groups]
    if isinstance(settings, HeadSGD):
        return SparseRowSGD(tensors, lr=0.0, momentum=settings.momentum, weight_decay=settings.weight_decay)
    return SparseRowAdamW(tensors, lr=0.0, weight_decay=settings.weight_decay)


class LRSchedule:
    """Moves all learning rates together: a factor that depends on the step, and on val where it says plateau.

    Every schedule but one_cycle, which rises by itself, may begin with a linear warm-up.

    Not built from torch's schedulers: SequentialLR cannot hold ReduceLROnPlateau after a warm-up, and LinearLR and
    CosineAnnealingLR multiply the last rate at each step, which accumulates rounding. The tests compare with torch's.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, settings: ScheduleSettings, epochs: int, steps_per_epoch: int
    ) -> None:
        self._optimizer, self._settings = optimizer, settings
        self._base_lrs = [group["lr"] for group in optimizer.param_groups]
        self._total_steps = epochs * steps_per_epoch
        warmup_epochs = 0.0 if isinstance(settings, OneCycleSchedule) else settings.warmup_epochs
        self._warmup_steps = round(warmup_epochs * steps_per_epoch)
        self._step_count, self._reduction, self._best_val_loss, self._num_bad_epochs = 0, 1.0, math.inf, 0
        self._set_lrs()

    def step_batch(self) -> None:
        """Call after every optimiser step."""
        self._step_count += 1
        self._set_lrs()

    def step_epoch(self, val_loss: float) -> None:
        """Call after every epoch's validation."""
        if not isinstance(self._settings, PlateauSchedule):
            return
        if val_loss < self._best_val_loss * (1 - _PLATEAU_THRESHOLD):
            self._best_val_loss, self._num_bad_epochs = val_loss, 0
        else:
            self._num_bad_epochs += 1
        if self._num_bad_epochs >= self._settings.patience:
            self._reduction, self._num_bad_epochs = self._reduction * PLATEAU_FACTOR, 0
        self._set_lrs()

    def state_dict(self) -> dict[str, Any]:
        """Plain values, fit for a checkpoint."""
        return {
            "step": self._step_count,
            "reduction": self._reduction,
            "best": self._best_val_loss,
            "in_vain": self._num_bad_epochs,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self._step_count, self._reduction = state["step"], state["reduction"]
        self._best_val_loss, self._num_bad_epochs = state["best"], state["in_vain"]
        self._set_lrs()

    def _set_lrs(self) -> None:
        factor = self._reduction * self._lr_factor()
        for group, rate in zip(self._optimizer.param_groups, self._base_lrs, strict=True):
            group["lr"] = factor * rate

    def _lr_factor(self) -> float:
        if isinstance(self._settings, OneCycleSchedule):
            return _one_cycle_factor(self._step_count, self._total_steps)
        if self._step_count < self._warmup_steps:
            return (self._step_count + 1) / (self._warmup_steps + 1)
        if isinstance(self._settings, CosineSchedule):
            return _cosine_anneal(
                1.0, 0.0, (self._step_count - self._warmup_steps) / max(1, self._total_steps - self._warmup_steps)
            )
        return 1.0


def _one_cycle_factor(step: int, total: int) -> float:
    """Up on a cosine, down on a longer one; the last rate stands after the last step, not at it."""
    peak_step = _ONE_CYCLE_PCT_START * (total + 1) - 1
    if step <= peak_step:
        return _cosine_anneal(_ONE_CYCLE_INITIAL_FACTOR, 1.0, step / peak_step)
    return _cosine_anneal(1.0, _ONE_CYCLE_FINAL_FACTOR, min(1.0, (step - peak_step) / (total - peak_step)))


def _cosine_anneal(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
