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
from weft.training.record import EpochRecord
from weft.training.schedule import Schedule


class Kept(Protocol):
    """Something whose state goes into the checkpoint: the optimiser, a scaler, an average of the weights."""

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> object:
        """Go on from there."""


@dataclass(frozen=True)
class Progress:
    """How far the epoch under way has come."""

    steps: int = 0
    loss: float = 0.0
    """Sum of the losses of the photos seen."""


class Journal:
    """Keeps what must outlive an epoch, or a part of one.

    Attributes:
        history: One record an epoch, from epoch 0, the untrained model.
        best: The state_dict of the epoch with the lowest val_loss, on the CPU.
        progress: Of the epoch that a kill interrupted; nothing done otherwise.
    """

    history: list[EpochRecord]
    best: dict[str, torch.Tensor]
    progress: Progress

    def __init__(
        self,
        folder: Path,
        belongs_to: str,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        schedule: Schedule,
        also: Mapping[str, Kept] | None = None,
        every: float = math.inf,
        writes: bool = True,
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
        self._folder, self._belongs_to, self._every, self._writes = folder, belongs_to, every, writes
        self._states: dict[str, Kept] = {"model": model, "optimizer": optimizer, "schedule": schedule, **(also or {})}
        self._saved_at = time.monotonic()
        self.history, self.best, self.progress = [], {}, Progress()
        saved = load_checkpoint(folder, belongs_to)
        if saved:
            for name, kept in self._states.items():
                kept.load_state_dict(saved[name])
            self.best, self.progress = saved["best"], Progress(**saved["progress"])
            self.history = [EpochRecord(**record) for record in saved["history"]]

    def add(self, record: EpochRecord, weights: Callable[[], dict[str, Any]] | None = None) -> None:
        """Close an epoch: move the schedule, keep the weights if they are the best so far, save the checkpoint.

        Without a finite val_loss so far (no val photos) every epoch is the best: the last one wins.

        Args:
            record: The epoch.
            weights: Gives the weights that were validated, where they are not the model's own.
        """
        schedule, model = self._states["schedule"], self._states["model"]
        assert isinstance(schedule, Schedule)
        if record.epoch > 0:
            schedule.after_epoch(record.val_loss)
        self.history.append(record)
        if self._best_epoch() == record.epoch:
            state = weights() if weights else model.state_dict()
            self.best = {name: tensor.detach().cpu().clone() for name, tensor in state.items()}
        self.save(Progress())

    def is_due(self) -> bool:
        """Whether the last checkpoint is so old that the epoch under way should save one."""
        return time.monotonic() - self._saved_at >= self._every

    def gives_up(self, early_stop: int) -> bool:
        """Whether the last `early_stop` epochs were all in vain; never when it is 0."""
        return 0 < early_stop <= len(self.history) - 1 - self._best_epoch()

    def _best_epoch(self) -> int:
        losses = [record.val_loss for record in self.history]
        finite = [loss for loss in losses if math.isfinite(loss)]
        return losses.index(min(finite)) if finite else len(losses) - 1

    def save(self, progress: Progress) -> None:
        """Save a checkpoint inside an epoch, after its `progress.steps` first steps."""
        self.progress = progress
        if self._writes:
            states = {name: kept.state_dict() for name, kept in self._states.items()}
            history = [asdict(past) for past in self.history]
            state = states | {"best": self.best, "progress": asdict(progress), "history": history}
            save_checkpoint(self._folder, self._belongs_to, state)
        self._saved_at = time.monotonic()
