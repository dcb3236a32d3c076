"""Checkpoints of a training, from which a killed training continues, and its history and best weights.

A checkpoint holds tensors and plain values alone and is written atomically. The previous one is kept: training
continues from it if the newest is damaged. A checkpoint with another fingerprint (params and input data) is ignored.
"""

import hashlib
import math
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
from weft.training.history import EpochMetrics
from weft.training.lr_schedule import LRSchedule
from weft.training.run_context import RunContext

_LATEST_FILE, _PREVIOUS_FILE = "checkpoint.pt", "checkpoint.before.pt"


def compute_fingerprint(*parts: object) -> str:
    """Return a hash of all that the training depends on, by its repr."""
    return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()


def hash_weights(model: nn.Module) -> str:
    """Return the sha256 of all tensors in the state of the model."""
    hasher = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        hasher.update(name.encode())
        hasher.update(tensor.detach().cpu().contiguous().numpy())
    return hasher.hexdigest()


def save_checkpoint(folder: Path, fingerprint: str, state: dict[str, Any]) -> None:
    """Write the checkpoint atomically and keep the newest until now as the previous one.

    If the process is killed between the two renames, the previous checkpoint is there and undamaged.
    """
    latest = folder / _LATEST_FILE
    with tables.atomic_write(latest) as temporary:
        torch.save({"fingerprint": fingerprint, **state}, temporary)
        if latest.exists():
            latest.replace(folder / _PREVIOUS_FILE)


def load_checkpoint(folder: Path, fingerprint: str) -> dict[str, Any] | None:
    """Return the newest undamaged state with this fingerprint, or None.

    A damaged file, or one that holds anything but tensors and plain values, is ignored with a warning.
    """
    for path in (folder / _LATEST_FILE, folder / _PREVIOUS_FILE):
        if not path.exists():
            continue
        try:
            state = _read_checkpoint(path)
        except Exception as error:  # noqa: BLE001  damaged bytes make torch raise whatever its reader trips over
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            log_line(f"warning: {path}: not an undamaged checkpoint of tensors and plain values, ignored: {reason}")
            continue
        if state.get("fingerprint") == fingerprint:
            return state
    return None


def delete_checkpoint(folder: Path) -> None:
    """Delete both checkpoints; call it when the output of the stage is written."""
    for name in (_LATEST_FILE, _PREVIOUS_FILE):
        (folder / name).unlink(missing_ok=True)


def _read_checkpoint(path: Path) -> dict[str, Any]:
    # Torch reads tensors without looking at their checksums.
    with zipfile.ZipFile(path) as archive:
        damaged_member = archive.testzip()
    if damaged_member:
        raise ValueError(f"the checksum of {damaged_member} does not match")
    state = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise ValueError(f"expected a mapping, got {type(state).__name__}")
    return state


class Stateful(Protocol):
    """Anything with a state that goes into the checkpoint: the optimiser, a scaler, an average of the weights."""

    def state_dict(self) -> dict[str, Any]:
        """Return tensors and plain values."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> object:
        """Restore the state."""


@dataclass(frozen=True)
class EpochProgress:
    """How far the current epoch has come."""

    steps: int = 0
    """Steps that are done."""
    loss: float = 0.0
    """Sum of the losses of the photos in these steps."""


class CheckpointManager:
    """Keeps the history and the best weights of a training, and saves and restores its checkpoints.

    Attributes:
        history: The metrics of each epoch; epoch 0 is the model before its first step.
        best_weights: The state_dict of the epoch with the lowest val_loss, on the CPU.
        progress: The steps that are done of the epoch that a kill interrupted.
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
        *,
        extra_states: Mapping[str, Stateful] | None = None,
    ) -> None:
        """Restore all states from the newest checkpoint in `context.state_dir` that has this fingerprint, if any.

        Args:
            context: Names the folder of the checkpoints and their maximum age; the main process alone writes them.
            fingerprint: The fingerprint of the training.
            model: The model that is trained.
            optimizer: The optimiser of the model.
            schedule: The schedule of the learning rates.
            extra_states: Whatever else has a state, by its name in the checkpoint.
        """
        self._context, self._fingerprint = context, fingerprint
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

        Where no val_loss is finite (val has no photos), the last epoch counts as the best.

        Args:
            metrics: The metrics of the epoch.
            weights: The weights that were validated; None for those of the model.
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
        """Whether the last checkpoint is older than `context.checkpoint_seconds`."""
        return time.monotonic() - self._saved_at >= self._context.checkpoint_seconds

    def is_finished(self, epochs: int, patience: int) -> bool:
        """Whether all epochs are done, or the last `patience` ones did not lower val_loss; 0 never stops early."""
        num_bad_epochs = len(self.history) - 1 - self._find_best_epoch()
        return len(self.history) > epochs or 0 < patience <= num_bad_epochs

    def _find_best_epoch(self) -> int:
        losses = [record.val_loss for record in self.history]
        finite = [loss for loss in losses if math.isfinite(loss)]
        return losses.index(min(finite)) if finite else len(losses) - 1

    def save(self, progress: EpochProgress) -> None:
        """Save a checkpoint after the first `progress.steps` steps of an epoch."""
        self.progress = progress
        if self._context.process_group.is_main:
            states = {name: stateful.state_dict() for name, stateful in self._stateful.items()}
            history = [asdict(metrics) for metrics in self.history]
            state = states | {"best": self.best_weights, "progress": asdict(progress), "history": history}
            save_checkpoint(self._context.state_dir, self._fingerprint, state)
        self._saved_at = time.monotonic()
