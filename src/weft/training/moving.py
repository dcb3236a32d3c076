"""All that a step of finetune moves, put together from the settings."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from weft.model.embedder import Embedder
from weft.model.folded import computed_folded
from weft.model.parts import frozen_modules, layer_rates
from weft.params import Finetune
from weft.processes import Processes
from weft.training.average import WeightAverage
from weft.training.distributed import Replica
from weft.training.journal import Journal, Kept
from weft.training.precision import Precision
from weft.training.schedule import Schedule, build_optimizer
from weft.training.synced_layers import Part, sync_layers


@dataclass(frozen=True)
class Moving:
    """A model in training."""

    model: Embedder
    replica: Replica
    frozen: list[nn.Module]
    """Stay in eval mode."""
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    precision: Precision
    average: WeightAverage | None

    def open_journal(self, folder: Path, belongs_to: str, every: float) -> Journal:
        """The journal of this training, which takes everything here back to the last checkpoint.

        Args:
            folder: Of the checkpoint.
            belongs_to: The training's fingerprint.
            every: Seconds between two checkpoints inside an epoch.
        """
        also: dict[str, Kept] = {"scaler": self.precision.scaler}
        if self.average:
            also["average"] = self.average
        writes = self.replica.processes.leads
        journal = Journal(folder, belongs_to, self.model, self.optimizer, self.schedule, also, every, writes)
        self.replica.processes.wait()  # nobody saves a checkpoint that another has yet to read
        return journal

    def as_used(self) -> AbstractContextManager[None]:
        """The model has the weights that count, the average where there is one, as long as this is open."""
        return self.average.in_place() if self.average else nullcontext()

    def settled(self) -> AbstractContextManager[None]:
        """What no step moves is computed the quick way as long as this is open."""
        return computed_folded(
            module.eval() for module in self.frozen if not any(tensor.requires_grad for tensor in module.parameters())
        )

    def weights(self) -> Callable[[], dict[str, Any]]:
        """Gives the weights that count."""
        return self.average.weights if self.average else self.model.state_dict


def moving(
    model: Embedder, settings: Finetune, steps_per_epoch: int, device: str, processes: Processes, compiler: str
) -> Moving:
    """Put a model on its device and prepare everything that trains it.

    Raises:
        ModelError: The backbone has no module that `settings` freezes.
    """
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    part = Part()
    frozen = frozen_modules(model.encoder, settings.frozen, settings.freeze_batch_norm)
    if processes.count > 1:
        sync_layers(model, part, frozen)
    groups = layer_rates(model.encoder, settings.learning_rate, settings.layer_decay)
    if model.projection is not None:
        groups.append(([model.projection], settings.learning_rate))
    optimizer = build_optimizer([*groups, (model.head(), settings.word_learning_rate)], settings)
    schedule = Schedule(optimizer, settings, steps_per_epoch)
    average = WeightAverage(model, settings.ema) if settings.ema else None
    if compiler:
        model.compile(backend=compiler)
    replica = Replica(model, processes, part)
    return Moving(model, replica, frozen, optimizer, schedule, Precision(settings.precision, device), average)
