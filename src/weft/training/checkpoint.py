"""Checkpoints, from which a killed training continues. They also hold the history and the best weights.

A checkpoint holds only tensors and plain values and is written atomically. The previous checkpoint is kept, and the
training continues from it if the latest one is damaged. A checkpoint with another fingerprint, a hash of the settings
and the input data, is ignored.
"""

import hashlib
import time
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from weft import tables
from weft.progress import log_line
from weft.training.epoch_selection import find_kept_epoch
from weft.training.history import EpochMetrics
from weft.training.lr_schedule import LRSchedule
from weft.training.run_context import RunContext

_LATEST_FILE, _PREVIOUS_FILE = "checkpoint.pt", "checkpoint.before.pt"


def compute_fingerprint(*parts: object) -> str:
    """Return the sha256 of the reprs of `parts`, which are all settings and inputs of a training."""
    return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()


def hash_weights(model: nn.Module) -> str:
    """Return the sha256 of all tensors in the state of the model."""
    hasher = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        hasher.update(name.encode())
        hasher.update(tensor.detach().cpu().contiguous().numpy())
    return hasher.hexdigest()


def save_checkpoint(folder: Path, fingerprint: str, state: dict[str, Any]) -> None:
    """Write a checkpoint atomically and keep the one that was the latest as the previous one.

    If the process is killed between the two renames, the previous checkpoint still exists and is undamaged.
    """
    latest = folder / _LATEST_FILE
    with tables.atomic_write(latest) as temporary:
        torch.save({"fingerprint": fingerprint, **state}, temporary)
        if latest.exists():
            latest.replace(folder / _PREVIOUS_FILE)


def load_checkpoint(folder: Path, fingerprint: str) -> dict[str, Any] | None:
    """Return the latest undamaged state with this fingerprint, or None if there is none.

    A file that is damaged, or that holds objects other than tensors and plain values, is ignored with a warning.
    """
    for path in (folder / _LATEST_FILE, folder / _PREVIOUS_FILE):
        if not path.exists():
            continue
        try:
            state = _read_checkpoint(path)
        except Exception as error:  # noqa: BLE001  torch raises many types of exceptions for damaged files
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            log_line(
                f"warning: {path}: expected an undamaged checkpoint of tensors and plain values, ignored: {reason}"
            )
            continue
        if state.get("fingerprint") == fingerprint:
            return state
    return None


def delete_checkpoint(folder: Path) -> None:
    """Delete both checkpoints if they exist; call it after the output of the stage is written."""
    for name in (_LATEST_FILE, _PREVIOUS_FILE):
        (folder / name).unlink(missing_ok=True)


def _read_checkpoint(path: Path) -> dict[str, Any]:
    """Return the state in a file.

    Raises:
        Exception: The file is damaged or holds other objects than tensors and plain values.
    """
    # torch.load does not verify the checksums of tensors.
    with zipfile.ZipFile(path) as archive:
        damaged_member = archive.testzip()
    if damaged_member:
        raise ValueError(f"the checksum of {damaged_member} in the archive does not match")
    state = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise ValueError(f"expected a mapping, got {type(state).__name__}")
    return state


class Stateful(Protocol):
    """An object whose state is part of the checkpoint, such as an optimizer, a scaler or an average of the weights."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state as tensors and plain values."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> object:
        """Restore the state."""


@dataclass(frozen=True)
class EpochProgress:
    """The part of the current epoch that is done."""

    steps: int = 0
    """Number of steps that are done."""
    loss: float = 0.0
    """Sum of the training losses of the photos in these steps."""


class CheckpointManager:
    """Keeps the history and the best weights of a training, and saves and restores its checkpoints.

    Attributes:
        history: The metrics of each epoch; epoch 0 is the model before its first step.
        best_weights: The state_dict of the best epoch by `keep_best_by`, on the CPU.
        progress: The part of the current epoch that was done at the last checkpoint.
    """

    history: list[EpochMetrics]
    best_weights: dict[str, torch.Tensor]
    progress: EpochProgress

    def __init__(
        self,
        context: RunContext,
        fingerprint: str,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        schedule: LRSchedule,
        keep_best_by: str,
        *,
        extra_states: Mapping[str, Stateful] | None = None,
    ) -> None:
        """Restore all states from the latest checkpoint in `context.state_dir` with this fingerprint, if there is one.

        Args:
            context: The folder of the checkpoints and their maximum age; only the main process writes them.
            fingerprint: The hash of all settings and inputs of the training.
            model: The model in training.
            optimizer: The optimizer of the model.
            schedule: The schedule of the learning rates.
            keep_best_by: The criterion by which the best epoch is chosen (`find_kept_epoch`).
            extra_states: Other objects with a state, by their name in the checkpoint.
        """
        self._context, self._fingerprint, self._keep_best_by = context, fingerprint, keep_best_by
        self._stateful: dict[str, Stateful] = {
            "model": model,
            "optimizer": optimizer,
            "schedule": schedule,
            **(extra_states or {}),
        }
        self._saved_at = time.monotonic()
        self.history, self.best_weights, self.progress = [], {}, EpochProgress()
        saved = load_checkpoint(context.state_dir, fingerprint)
        if saved:
            for name, stateful in self._stateful.items():
                stateful.load_state_dict(saved[name])
            self.best_weights, self.progress = saved["best"], EpochProgress(**saved["progress"])
            self.history = [EpochMetrics(**record) for record in saved["history"]]

    def end_epoch(self, metrics: EpochMetrics, weights: dict[str, Any] | None = None) -> None:
        """Step the schedule, keep the weights if they are the best so far, and save a checkpoint.

        Args:
            metrics: The metrics of the epoch.
            weights: The weights that were validated; None means those of the model.
        """
        schedule, model = self._stateful["schedule"], self._stateful["model"]
        assert isinstance(schedule, LRSchedule)
        if metrics.epoch > 0:
            schedule.step_epoch(metrics.val_loss)
        self.history.append(metrics)
        if self._find_best_epoch() == metrics.epoch:
            state = model.state_dict() if weights is None else weights
            self.best_weights = {name: tensor.detach().cpu().clone() for name, tensor in state.items()}
        self.save(EpochProgress())

    def is_checkpoint_due(self) -> bool:
        """Return whether the last checkpoint is at least `context.checkpoint_seconds` old."""
        return time.monotonic() - self._saved_at >= self._context.checkpoint_seconds

    def is_finished(self, epochs: int, patience: int) -> bool:
        """Return whether all epochs are done or the last `patience` epochs were not the best by `keep_best_by`.

        Args:
            epochs: Maximum number of epochs.
            patience: Number of epochs without improvement after which the training stops; 0 disables early stopping.
        """
        num_bad_epochs = len(self.history) - 1 - self._find_best_epoch()
        return len(self.history) > epochs or 0 < patience <= num_bad_epochs

    def _find_best_epoch(self) -> int:
        return find_kept_epoch(self.history, self._keep_best_by)[0]

    def save(self, progress: EpochProgress) -> None:
        """Save a checkpoint after the first `progress.steps` steps of an epoch."""
        self.progress = progress
        if self._context.process_group.is_main:
            states = {name: stateful.state_dict() for name, stateful in self._stateful.items()}
            history = [asdict(metrics) for metrics in self.history]
            state = states | {"best": self.best_weights, "progress": asdict(progress), "history": history}
            save_checkpoint(self._context.state_dir, self._fingerprint, state)
        self._saved_at = time.monotonic()
