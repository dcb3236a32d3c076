"""A model in training with everything that a step changes, and one step of it."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from weft.model.embedder import Embedder
from weft.model.fuse_batch_norm import fused_forward
from weft.model.mixed_precision import MixedPrecision
from weft.model.param_groups import build_param_groups, freeze_modules
from weft.params import Finetune
from weft.runtime import compile_options
from weft.training.batches import LoadedBatch
from weft.training.checkpoint import CheckpointManager, Stateful
from weft.training.distributed import LocalSlice, Replica, convert_sync_layers
from weft.training.ema import EMA, averaged_weights_applied
from weft.training.lr_schedule import LRSchedule, build_optimizer
from weft.training.objective import Objective
from weft.training.run_context import RunContext


@dataclass(frozen=True)
class TrainState:
    """A model in training, with everything that a training step changes."""

    model: Embedder
    replica: Replica
    """The copy of the model in this process."""
    frozen_modules: list[nn.Module]
    """Modules that stay in eval mode."""
    optimizer: torch.optim.Optimizer
    """Its last parameter group holds W and the bias."""
    schedule: LRSchedule
    amp: MixedPrecision
    ema: EMA | None
    """The moving average of the weights; None if ema_decay is 0."""

    def open_checkpoints(self, context: RunContext, fingerprint: str, keep_best_by: str) -> CheckpointManager:
        """Restore all states from the last checkpoint with this fingerprint, if there is one.

        Args:
            context: The folder of the checkpoints and the process group.
            fingerprint: The hash of the settings, the initial weights and the input data.
            keep_best_by: The criterion by which the best epoch is chosen.
        """
        extra_states: dict[str, Stateful] = {"scaler": self.amp.scaler}
        if self.ema:
            extra_states["ema"] = self.ema
        checkpoints = CheckpointManager(
            context,
            fingerprint,
            self.model,
            self.optimizer,
            self.schedule,
            keep_best_by,
            extra_states=extra_states,
        )
        context.process_group.barrier()  # All processes read the checkpoint before the main process overwrites it.
        return checkpoints

    def ema_weights_applied(self) -> AbstractContextManager[None]:
        """Return a context manager in which the model has the weights that are validated: the EMA if there is one."""
        return averaged_weights_applied(self.model, self.ema) if self.ema else nullcontext()

    def fused_frozen_blocks(self) -> AbstractContextManager[None]:
        """Return a context manager in which frozen modules compute with batch norms fused into convolutions.

        Only modules without trainable parameters are fused, because no step changes their weights.
        """
        return fused_forward(
            module.eval()
            for module in self.frozen_modules
            if not any(tensor.requires_grad for tensor in module.parameters())
        )

    def start_training(self) -> None:
        """Put the model into training mode, except for its frozen modules, with equal weights in all processes."""
        self.replica.broadcast_weights()
        self.model.train()
        for module in self.frozen_modules:
            module.eval()

    def eval_weights(self) -> dict[str, Any]:
        """Return the weights that are validated: those of the moving average if there is one."""
        return self.ema.weights() if self.ema else self.model.state_dict()


def build_train_state(model: Embedder, settings: Finetune, steps_per_epoch: int, context: RunContext) -> TrainState:
    """Move a model to its device and build everything that trains it.

    Args:
        model: The model to train; it is changed in place.
        settings: The section finetune of params.yaml.
        steps_per_epoch: Number of optimizer steps in an epoch.
        context: Device, process group and backend of torch.compile.

    Raises:
        ModelError: The backbone has no module that `settings` freezes.
    """
    model.to(context.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    local_slice = LocalSlice()
    frozen = freeze_modules(model.encoder, settings.frozen_modules, settings.freeze_batch_norm)
    if context.process_group.world_size > 1:
        convert_sync_layers(model, local_slice, frozen)
    rates = settings.optimizer
    groups = build_param_groups(model.encoder, rates.backbone_lr, rates.layerwise_lr_decay)
    if model.projection is not None:
        groups.append(([model.projection], rates.backbone_lr))
    optimizer = build_optimizer([*groups, (model.head_parameters(), rates.head_lr)], rates)
    schedule = LRSchedule(optimizer, settings.lr_schedule, settings.epochs, steps_per_epoch)
    ema = EMA(model, settings.ema_decay) if settings.ema_decay else None
    if context.compile_backend:
        # Parts of a step, and several processes, keep gradients between calls, which CUDA graphs would overwrite.
        use_cuda_graphs = settings.accumulate == 1 and context.process_group.world_size == 1
        model.compile(**compile_options(context.compile_backend, context.device, use_cuda_graphs=use_cuda_graphs))
    replica = Replica(model, context.process_group, local_slice)
    amp = MixedPrecision(settings.amp_dtype, context.device)
    return TrainState(model, replica, frozen, optimizer, schedule, amp, ema)


def train_step(train_state: TrainState, objective: Objective, batch: LoadedBatch) -> torch.Tensor:
    """Add the gradients of a batch, and update the weights if it is the last part of its step.

    It never makes the CPU wait for the device, except with float16, whose scaler reads whether a gradient overflowed.

    Args:
        train_state: The model, in training mode, and everything that a step changes.
        objective: The training loss.
        batch: The batch, on the device of the model.

    Returns:
        The sum of the losses of all photos of the batch, a number in float64 on the device.
    """
    part, scaler, optimizer = batch.train_batch, train_state.amp.scaler, train_state.optimizer
    if part.is_first:
        # The dropout of a backbone draws from torch's global generator.
        torch.manual_seed(part.seed)
        optimizer.zero_grad()
    with train_state.replica.gradients_averaged(part.is_last):
        with train_state.amp.autocast():
            z = train_state.replica.embed(batch.pixels, part.local_rows, part.part_size)
        loss = objective(z, train_state.model, batch.targets)
        scaler.scale(loss if part.share == 1 else loss * part.share).backward()  # type: ignore[no-untyped-call]
    if part.is_last:
        scaler.step(optimizer)
        scaler.update()
        train_state.schedule.step_batch()
        if train_state.ema:
            train_state.ema.update()
    return loss.detach().double() * len(z)
