"""The optimizers and learning-rate schedules that params.yaml can name."""

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
"""plateau: the factor by which the learning rates fall, as in the paper."""
_PLATEAU_THRESHOLD = 1e-4
"""plateau: the minimum relative improvement of val_loss that counts; a smaller one is noise."""
_ONE_CYCLE_PCT_START = 0.3
"""one_cycle: the share of all steps in which the learning rates rise."""
_ONE_CYCLE_INITIAL_FACTOR, _ONE_CYCLE_FINAL_FACTOR = 1 / 25, 1 / 250_000
"""one_cycle: the first and the last learning rate, relative to the highest; the defaults of torch's OneCycleLR."""


def build_optimizer(
    groups: list[tuple[list[nn.Parameter], float]], settings: HeadOptimizer | FinetuneOptimizer
) -> torch.optim.Optimizer:
    """Build the optimizer that `settings` names; if the gradient of W is sparse, it updates only rows with a gradient.

    Args:
        groups: Pairs of parameters and their learning rate; the last pair holds W and the bias.
        settings: The setting train_head.optimizer or finetune.optimizer.
    """
    tensors = [{"params": parameters, "lr": rate} for parameters, rate in groups]
    if isinstance(settings, HeadSGD):
        return SparseRowSGD(tensors, lr=0.0, momentum=settings.momentum, weight_decay=settings.weight_decay)
    return SparseRowAdamW(tensors, lr=0.0, weight_decay=settings.weight_decay)


class LRSchedule:
    """Multiplies all learning rates by one factor, which depends on the step and, for plateau, on val_loss.

    Every schedule may start with a linear warm-up, except one_cycle, which has its own.

    torch's schedulers are not used: SequentialLR cannot contain ReduceLROnPlateau, and LinearLR and CosineAnnealingLR
    multiply the previous rate at each step, which accumulates rounding errors. The tests compare the factors with those
    of torch.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, settings: ScheduleSettings, epochs: int, steps_per_epoch: int
    ) -> None:
        """Set the learning rates of the first step.

        Args:
            optimizer: Its present learning rates are the highest ones.
            settings: The setting train_head.lr_schedule or finetune.lr_schedule.
            epochs: Number of epochs of the training.
            steps_per_epoch: Number of optimizer steps in an epoch.
        """
        self._optimizer, self._settings = optimizer, settings
        self._base_lrs = [group["lr"] for group in optimizer.param_groups]
        self._total_steps = epochs * steps_per_epoch
        warmup_epochs = 0.0 if isinstance(settings, OneCycleSchedule) else settings.warmup_epochs
        self._warmup_steps = round(warmup_epochs * steps_per_epoch)
        self._step_count, self._reduction, self._best_val_loss, self._num_bad_epochs = 0, 1.0, math.inf, 0
        self._set_lrs()

    def step_batch(self) -> None:
        """Set the learning rates of the next step; call it after every optimizer step."""
        self._step_count += 1
        self._set_lrs()

    def step_epoch(self, val_loss: float) -> None:
        """Lower the learning rates if plateau requires it; call it after the validation of every epoch."""
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
        """Return the state as plain values."""
        return {
            "step": self._step_count,
            "reduction": self._reduction,
            "best": self._best_val_loss,
            "in_vain": self._num_bad_epochs,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state that `state_dict` returned."""
        self._step_count, self._reduction = state["step"], state["reduction"]
        self._best_val_loss, self._num_bad_epochs = state["best"], state["in_vain"]
        self._set_lrs()

    def _set_lrs(self) -> None:
        factor = self._reduction * self._lr_factor()
        for group, rate in zip(self._optimizer.param_groups, self._base_lrs, strict=True):
            group["lr"] = factor * rate

    def _lr_factor(self) -> float:
        """Return the factor of the present step, 0 to 1, without the reductions of plateau."""
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
    """Return the factor of one_cycle: it rises and falls on half cosines (Smith and Topin 2018, arXiv 1708.07120).

    The final factor is reached after the last step, so that the last step still learns.
    """
    peak_step = _ONE_CYCLE_PCT_START * (total + 1) - 1
    if step <= peak_step:
        return _cosine_anneal(_ONE_CYCLE_INITIAL_FACTOR, 1.0, step / peak_step)
    return _cosine_anneal(1.0, _ONE_CYCLE_FINAL_FACTOR, min(1.0, (step - peak_step) / (total - peak_step)))


def _cosine_anneal(start: float, end: float, progress: float) -> float:
    """Interpolate from `start` to `end` on a half cosine; `progress` is 0 to 1."""
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
