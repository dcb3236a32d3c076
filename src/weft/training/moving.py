"""All that a step of finetune moves, put together from the settings."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from weft.model.embedder import Embedder
from weft.model.folded import fused_forward
from weft.model.parts import build_param_groups, freeze_modules
from weft.params import Finetune
from weft.processes import ProcessGroup
from weft.training.average import ExponentialMovingAverage
from weft.training.distributed import Replica
from weft.training.journal import CheckpointManager, Stateful
from weft.training.precision import MixedPrecision
from weft.training.schedule import LRSchedule, build_optimizer
from weft.training.synced_layers import LocalSlice, convert_sync_layers


@dataclass(frozen=True)
class TrainState:
    """A model in training."""

    model: Embedder
    replica: Replica
    frozen_modules: list[nn.Module]
    """Stay in eval mode."""
    optimizer: torch.optim.Optimizer
    schedule: LRSchedule
    amp: MixedPrecision
    ema: ExponentialMovingAverage | None

    def open_checkpoints(self, folder: Path, fingerprint: str, checkpoint_seconds: float) -> CheckpointManager:
        """The journal of this training, which takes everything here back to the last checkpoint.

        Args:
            folder: Of the checkpoint.
            belongs_to: The training's fingerprint.
            every: Seconds between two checkpoints inside an epoch.
        """
        extra_states: dict[str, Stateful] = {"scaler": self.amp.scaler}
        if self.ema:
            extra_states["average"] = self.ema
        is_writer = self.replica.process_group.is_main
        checkpoints = CheckpointManager(
            folder, fingerprint, self.model, self.optimizer, self.schedule, extra_states, checkpoint_seconds, is_writer
        )
        self.replica.process_group.barrier()  # nobody saves a checkpoint that another has yet to read
        return checkpoints

    def ema_weights_applied(self) -> AbstractContextManager[None]:
        """The model has the weights that count, the average where there is one, as long as this is open."""
        return self.ema.average_parameters() if self.ema else nullcontext()

    def fused_frozen_blocks(self) -> AbstractContextManager[None]:
        """What no step moves is computed the quick way as long as this is open."""
        return fused_forward(
            module.eval()
            for module in self.frozen_modules
            if not any(tensor.requires_grad for tensor in module.parameters())
        )

    def eval_weights(self) -> Callable[[], dict[str, Any]]:
        """Gives the weights that count."""
        return self.ema.averaged_state_dict if self.ema else self.model.state_dict


def build_train_state(
    model: Embedder,
    settings: Finetune,
    steps_per_epoch: int,
    device: str,
    process_group: ProcessGroup,
    compile_backend: str,
) -> TrainState:
    """Put a model on its device and prepare everything that trains it.

    Raises:
        ModelError: The backbone has no module that `settings` freezes.
    """
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    local_slice = LocalSlice()
    frozen = freeze_modules(model.encoder, settings.frozen, settings.freeze_batch_norm)
    if process_group.world_size > 1:
        convert_sync_layers(model, local_slice, frozen)
    groups = build_param_groups(model.encoder, settings.learning_rate, settings.layer_decay)
    if model.projection is not None:
        groups.append(([model.projection], settings.learning_rate))
    optimizer = build_optimizer([*groups, (model.head_parameters(), settings.word_learning_rate)], settings)
    schedule = LRSchedule(optimizer, settings, steps_per_epoch)
    ema = ExponentialMovingAverage(model, settings.ema) if settings.ema else None
    if compile_backend:
        model.compile(backend=compile_backend)
    replica = Replica(model, process_group, local_slice)
    return TrainState(model, replica, frozen, optimizer, schedule, MixedPrecision(settings.precision, device), ema)
