"""The journal of a training: its history, its best weights and the checkpoint to go on from after a kill."""

import math
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from weft.training.checkpoint import load_checkpoint, save_checkpoint
from weft.training.record import EpochRecord
from weft.training.schedule import Schedule


class Journal:
    """Keeps what must outlive an epoch.

    Attributes:
        history: One record an epoch, from epoch 0, the untrained model.
        best: The state_dict of the epoch with the lowest val_loss, on the CPU.
    """

    history: list[EpochRecord]
    best: dict[str, torch.Tensor]

    def __init__(
        self, folder: Path, belongs_to: str, model: nn.Module, optimizer: torch.optim.Optimizer, schedule: Schedule
    ) -> None:
        self._folder, self._belongs_to = folder, belongs_to
        self._model, self._optimizer, self._schedule = model, optimizer, schedule
        self.history, self.best = [], {}
        saved = load_checkpoint(folder, belongs_to)
        if saved:
            model.load_state_dict(saved["model"])
            optimizer.load_state_dict(saved["optimizer"])
            schedule.load_state_dict(saved["schedule"])
            self.best = saved["best"]
            self.history = [EpochRecord(**record) for record in saved["history"]]

    def add(self, record: EpochRecord) -> None:
        """Close an epoch: move the schedule, keep the weights if they are the best so far, save the checkpoint.

        Without a finite val_loss so far (no val photos) every epoch is the best: the last one wins.
        """
        if record.epoch > 0:
            self._schedule.after_epoch(record.val_loss)
        finite = [past.val_loss for past in self.history if math.isfinite(past.val_loss)]
        if not finite or record.val_loss < min(finite):
            self.best = {name: tensor.detach().cpu().clone() for name, tensor in self._model.state_dict().items()}
        self.history.append(record)
        save_checkpoint(
            self._folder,
            self._belongs_to,
            {
                "model": self._model.state_dict(),
                "best": self.best,
                "optimizer": self._optimizer.state_dict(),
                "schedule": self._schedule.state_dict(),
                "history": [asdict(past) for past in self.history],
            },
        )
