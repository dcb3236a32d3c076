"""The journal of a training: its history, its best weights and the checkpoint to go on from after a kill."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from weft.training.checkpoint import load_checkpoint, save_checkpoint
from weft.training.record import EpochMetrics
from weft.training.schedule import LRSchedule


class Stateful(Protocol):
    """Something whose state goes into the checkpoint: the optimiser, a scaler, an average of the weights."""

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> object:
        """Go on from there."""


@dataclass(frozen=True)
class EpochProgress:
    """How far the epoch under way has come."""

    steps: int = 0
    loss: float = 0.0
    """Sum of the losses of the photos seen."""


class CheckpointManager:
    """Keeps what must outlive an epoch, or a part of one.

    Attributes:
        history: One record an epoch, from epoch 0, the untrained model.
        best: The state_dict of the epoch with the lowest val_loss, on the CPU.
        progress: Of the epoch that a kill interrupted; nothing done otherwise.
    """

    history: list[EpochMetrics]
    best_weights: dict[str, torch.Tensor]
    progress: EpochProgress

    def __init__(
        self,
        folder: Path,
        fingerprint: str,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        schedule: LRSchedule,
        extra_states: Mapping[str, Stateful] | None = None,
        checkpoint_seconds: float = math.inf,
        is_writer: bool = True,
    ) -> None:
        """Open the journal and, where there is a checkpoint of this training, take all states back to it.

        Args:
            folder: Of the checkpoint.
            belongs_to: The training's fingerprint.
            model: What is trained.
            optimizer: Its optimiser.
            schedule: Of the learning rates.
            also: What else has a state, by name.
            every: Seconds between two checkpoints inside an epoch; there is one after each epoch anyway.
            writes: Whether this process writes checkpoints: one of several does.
        """
        self._folder, self._fingerprint, self._checkpoint_seconds, self._is_writer = (
            folder,
            fingerprint,
            checkpoint_seconds,
            is_writer,
        )
        self._stateful: dict[str, Stateful] = {
            "model": model,
            "optimizer": optimizer,
            "schedule": schedule,
            **(extra_states or {}),
        }
        self._saved_at = time.monotonic()
        self.history, self.best_weights, self.progress = [], {}, EpochProgress()
        saved = load_checkpoint(folder, fingerprint)
        if saved:
            for name, stateful in self._stateful.items():
                stateful.load_state_dict(saved[name])
            self.best_weights, self.progress = saved["best"], EpochProgress(**saved["progress"])
            self.history = [EpochMetrics(**record) for record in saved["history"]]

    def end_epoch(self, metrics: EpochMetrics, get_weights: Callable[[], dict[str, Any]] | None = None) -> None:
        """Close an epoch: move the schedule, keep the weights if they are the best so far, save the checkpoint.

        Without a finite val_loss so far (no val photos) every epoch is the best: the last one wins.

        Args:
            record: The epoch.
            weights: Gives the weights that were validated, where they are not the model's own.
        """
        schedule, model = self._stateful["schedule"], self._stateful["model"]
        assert isinstance(schedule, LRSchedule)
        if metrics.epoch > 0:
            schedule.step_epoch(metrics.val_loss)
        self.history.append(metrics)
        if self._find_best_epoch() == metrics.epoch:
            state = get_weights() if get_weights else model.state_dict()
            self.best_weights = {name: tensor.detach().cpu().clone() for name, tensor in state.items()}
        self.save(EpochProgress())

    def is_checkpoint_due(self) -> bool:
        """Whether the last checkpoint is so old that the epoch under way should save one."""
        return time.monotonic() - self._saved_at >= self._checkpoint_seconds

    def should_stop(self, patience: int) -> bool:
        """Whether the last `early_stop` epochs were all in vain; never when it is 0."""
        return 0 < patience <= len(self.history) - 1 - self._find_best_epoch()

    def _find_best_epoch(self) -> int:
        losses = [record.val_loss for record in self.history]
        finite = [loss for loss in losses if math.isfinite(loss)]
        return losses.index(min(finite)) if finite else len(losses) - 1

    def save(self, progress: EpochProgress) -> None:
        """Save a checkpoint inside an epoch, after its `progress.steps` first steps."""
        self.progress = progress
        if self._is_writer:
            states = {name: stateful.state_dict() for name, stateful in self._stateful.items()}
            history = [asdict(metrics) for metrics in self.history]
            state = states | {"best": self.best_weights, "progress": asdict(progress), "history": history}
            save_checkpoint(self._folder, self._fingerprint, state)
        self._saved_at = time.monotonic()
