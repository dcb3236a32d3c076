"""Training checkpoints in var/: tensors and plain values only, atomic, so that a killed stage goes on.

The one before is kept: where the newest is damaged, training goes on from there. A checkpoint belongs to its
fingerprint (params and input data); another fingerprint starts anew.

The journal of a training: its history, its best weights and the checkpoint to go on from after a kill.
"""

import hashlib
import math
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from weft import tables
from weft.progress import log_line
from weft.training.history import EpochMetrics
from weft.training.lr_schedule import LRSchedule

_LATEST_FILE, _PREVIOUS_FILE = "checkpoint.pt", "checkpoint.before.pt"


def compute_fingerprint(*parts: object) -> str:
    """A digest of whatever the training depends on, by its repr."""
    return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()


def hash_weights(model: nn.Module) -> str:
    """Names these very weights: sha256 of all tensors of the model's state."""
    hasher = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        hasher.update(name.encode())
        hasher.update(tensor.detach().cpu().contiguous().numpy())
    return hasher.hexdigest()


def save_checkpoint(folder: Path, fingerprint: str, state: dict[str, Any]) -> None:
    """Write the checkpoint in one rename; the newest until now becomes the one before.

    A kill between the two renames leaves the one before, which is whole.
    """
    latest = folder / _LATEST_FILE
    with tables.atomic_write(latest) as temporary:
        torch.save({"fingerprint": fingerprint, **state}, temporary)
        if latest.exists():
            latest.replace(folder / _PREVIOUS_FILE)


def load_checkpoint(folder: Path, fingerprint: str) -> dict[str, Any] | None:
    """The newest state of this very training that is whole, or None.

    A damaged file, or one with anything but tensors and plain values in it, is told of and passed over.
    """
    for path in (folder / _LATEST_FILE, folder / _PREVIOUS_FILE):
        if not path.exists():
            continue
        try:
            state = _read_checkpoint(path)
        except Exception as error:  # noqa: BLE001  damaged bytes make torch raise whatever its reader trips over
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            log_line(f"warning: {path}: not a whole checkpoint of tensors and plain values, not used: {reason}")
            continue
        if state.get("fingerprint") == fingerprint:
            return state
    return None


def delete_checkpoint(folder: Path) -> None:
    """Training is done and its out written: the next run of the stage starts anew."""
    for name in (_LATEST_FILE, _PREVIOUS_FILE):
        (folder / name).unlink(missing_ok=True)


def _read_checkpoint(path: Path) -> dict[str, Any]:
    # Torch reads tensors without looking at their checksums.
    with zipfile.ZipFile(path) as archive:
        damaged_member = archive.testzip()
    if damaged_member:
        raise ValueError(f"{damaged_member} has changed")
    state = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise ValueError(f"wanted a mapping, found {type(state).__name__}")
    return state


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
            fingerprint: The training's fingerprint.
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
