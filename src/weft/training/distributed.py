"""Training in several processes: each process embeds its part of the batch and computes the loss of the whole batch.

Encoder and projection are trained by DistributedDataParallel. For W, the processes exchange the embeddings z instead of
gradients. Every process then has all z of the batch and computes the same gradient of W as a single process would,
including negatives and sparse rows. So W stays the same in all processes and is never sent: its gradient would be
245 MB per step for 30,000 words of 2,048 numbers, and the z of 256 photos are 2 MB.

Some layers depend on the whole batch. Batch norm computes mean and variance over all processes: torch's SyncBatchNorm
on CUDA, and an equivalent layer on a CPU, where torch has none. Dropout and stochastic depth draw a mask for the whole
batch and keep the rows of this process, so that the mask of a photo does not depend on the number of processes.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.distributed
import torchvision.ops
from torch import nn

from weft.data.samplers import Batch
from weft.model.embedder import Embedder
from weft.process_group import ProcessGroup

_DDP_IGNORED_PARAMETERS = ("words", "bias")
"""Parameters whose gradient is the same in all processes, so that DistributedDataParallel need not average it."""


@dataclass
class LocalSlice:
    """The photos of the current batch that this process embeds; shared by all layers of a model."""

    rows: slice = field(default_factory=lambda: slice(0, 0))
    """The rows of the batch."""
    batch_size: int = 0
    """Number of photos in the batch of all processes."""


def convert_sync_layers(model: nn.Module, local_slice: LocalSlice, frozen: Iterable[nn.Module] = ()) -> None:
    """Replace the layers that depend on the whole batch, in place; parameters, buffers and their names stay the same.

    Args:
        model: The model whose layers are replaced.
        local_slice: The photos of this process; the new layers read it in every forward pass.
        frozen: Modules that stay in eval mode. They and their submodules are not replaced, because no layer in eval
            mode depends on other photos.
    """
    frozen_descendants = {inner for module in frozen for inner in module.modules()}
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if child in frozen_descendants:
                continue
            if isinstance(child, nn.modules.batchnorm._BatchNorm):
                setattr(module, name, _convert_sync_batch_norm(child))
            elif isinstance(child, nn.Dropout) and child.p > 0:
                setattr(module, name, _BatchwideDropout(child.p, None, local_slice))
            elif isinstance(child, torchvision.ops.StochasticDepth) and child.p > 0:
                setattr(module, name, _BatchwideDropout(child.p, child.mode, local_slice))


def _convert_sync_batch_norm(norm: nn.modules.batchnorm._BatchNorm) -> nn.Module:
    """Return a batch norm over all processes with the parameters and buffers of `norm`."""
    # The batch norm of timm contains an activation, which torch's conversion would drop.
    if norm.weight is not None and norm.weight.is_cuda and not hasattr(norm, "act"):
        synced: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(norm)  # type: ignore[no-untyped-call]
        return synced
    return _SyncBatchNorm(norm)


class _SyncBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch norm over the photos of all processes, on any backend; in eval mode the processes do not communicate."""

    def __init__(self, norm: nn.modules.batchnorm._BatchNorm) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self.weight, self.bias = norm.weight, norm.bias
        self.running_mean, self.running_var = norm.running_mean, norm.running_var
        self.num_batches_tracked = norm.num_batches_tracked
        self.act = getattr(norm, "act", nn.Identity())
        self.train(norm.training)

    def _check_input_dim(self, input: torch.Tensor) -> None:  # noqa: A002  torch's name
        """Accept any number of dimensions."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise `x`, (local batch, channels, ...)."""
        if not self.training:
            normalised: torch.Tensor = self.act(super().forward(x))
            return normalised
        reduced_dims = [0, *range(2, x.dim())]
        shape = [1, -1] + [1] * (x.dim() - 2)
        count = torch.tensor([x.numel() // x.shape[1]], dtype=x.dtype, device=x.device)
        torch.distributed.all_reduce(count)
        mean = _all_reduce_sum(x.sum(reduced_dims)) / count
        centred = x - mean.view(shape)
        variance = _all_reduce_sum(centred.square().sum(reduced_dims)) / count
        self._update_running_stats(mean.detach(), variance.detach() * count / (count - 1).clamp(min=1))
        y = centred * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            y = y * self.weight.view(shape) + self.bias.view(shape)
        z: torch.Tensor = self.act(y)
        return z

    @torch.no_grad()
    def _update_running_stats(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        if not self.track_running_stats:
            return
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        momentum = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean.to(self.running_mean), momentum)
        self.running_var.lerp_(variance.to(self.running_var), momentum)


class _BatchwideDropout(nn.Module):
    """Dropout (mode None) or stochastic depth (mode "row" or "batch") whose mask is drawn for the whole batch.

    The mask has the same random numbers as that of torch's layer in a single process.
    """

    def __init__(self, p: float, mode: str | None, local_slice: LocalSlice) -> None:
        super().__init__()
        self._p, self._mode, self._local_slice = p, mode, local_slice

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Drop parts of `x`, (local batch, ...), in train mode."""
        if not self.training:
            return x
        if self._mode is None:
            shape = [self._local_slice.batch_size, *x.shape[1:]]
        else:
            shape = [self._local_slice.batch_size if self._mode == "row" else 1, *[1] * (x.dim() - 1)]
        mask = torch.empty(shape, dtype=x.dtype, device=x.device).bernoulli_(1 - self._p)
        if self._p < 1:
            mask.div_(1 - self._p)
        return x * (mask if self._mode == "batch" else mask[self._local_slice.rows])


class _AllReduceSum(torch.autograd.Function):
    """The sum over all processes; the loss of every process depends on each addend, so gradients are summed as well."""

    @staticmethod
    def forward(ctx: Any, local: torch.Tensor) -> torch.Tensor:  # noqa: ARG004  torch's signature
        """Return the sum of `local` over all processes."""
        total = local.clone()
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # noqa: ARG004
        """Return the sum of the gradients over all processes."""
        total = gradient.clone()
        torch.distributed.all_reduce(total)
        return total


def _all_reduce_sum(local: torch.Tensor) -> torch.Tensor:
    """Return the differentiable sum of `local` over all processes."""
    total: torch.Tensor = _AllReduceSum.apply(local)
    return total


class Replica:
    """The copy of a model in training that this process holds.

    Attributes:
        process_group: All processes that train together.
    """

    def __init__(self, model: Embedder, process_group: ProcessGroup, local_slice: LocalSlice) -> None:
        """Wrap a model whose frozen parts already have requires_grad = False.

        Args:
            model: The model; with several processes its layers were converted by `convert_sync_layers`.
            process_group: All processes that train together.
            local_slice: The object that was given to `convert_sync_layers`.
        """
        self.process_group, self._model, self._local_slice = process_group, model, local_slice
        self._network: nn.Module = model
        if process_group.world_size > 1 and any(tensor.requires_grad for name, tensor in _iter_ddp_parameters(model)):
            ddp = nn.parallel.DistributedDataParallel
            # DistributedDataParallel compares the names of top-level parameters with and without a leading dot.
            ignored_names = [dot + name for name in _DDP_IGNORED_PARAMETERS for dot in ("", ".")]
            ddp._set_params_and_buffers_to_ignore_for_model(model, ignored_names)  # type: ignore[no-untyped-call]
            device_ids = [model.words.device] if model.words.is_cuda else None
            self._network = ddp(model, device_ids=device_ids, forward_sync_buffers=False)

    def embed(self, photos: torch.Tensor, local_rows: slice, batch_size: int) -> torch.Tensor:
        """Return the embeddings of the whole batch, (batch_size, embedding_dim); this process embeds its own photos.

        Args:
            photos: The photos of this process, uint8 (local batch, 3, height, width).
            local_rows: The rows of the batch that these photos are.
            batch_size: Number of photos in the batch of all processes.
        """
        self._local_slice.rows, self._local_slice.batch_size = local_rows, batch_size
        z: torch.Tensor = self._network(photos)
        if self.process_group.world_size == 1:
            return z
        gathered: torch.Tensor = _AllGather.apply(z.float(), local_rows, batch_size, self.process_group)
        return gathered

    def gradients_averaged(self, enabled: bool) -> AbstractContextManager[None]:
        """Return a context manager in which backward passes average the gradients over the processes, or do not.

        Only the last part of a step averages, and so it averages the sum of all parts.
        """
        if enabled or not isinstance(self._network, nn.parallel.DistributedDataParallel):
            return nullcontext()
        skipped: AbstractContextManager[None] = self._network.no_sync()
        return skipped

    @torch.no_grad()
    def broadcast_weights(self) -> None:
        """Copy the weights of the main process to all others.

        Sums in another order round differently, so the copies may have drifted apart by a last digit.
        """
        if self.process_group.world_size > 1:
            for tensor in self._model.state_dict().values():
                torch.distributed.broadcast(tensor, 0)

    def weighted_mean(self, local_mean: float, weight: int) -> float:
        """Return the weighted mean over all processes, which is the same number in each of them.

        Args:
            local_mean: The mean in this process; it is ignored if `weight` is 0.
            weight: The number of photos in this process.

        Returns:
            The mean, or NaN if all weights are 0.
        """
        if self.process_group.world_size == 1:
            return local_mean
        sums = torch.tensor([local_mean * weight if weight else 0.0, weight], dtype=torch.float64)
        torch.distributed.all_reduce(sums)
        return float(sums[0] / sums[1])

    def all_reduce_sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the sum of a tensor over all processes."""
        if self.process_group.world_size > 1:
            torch.distributed.all_reduce(tensor)
        return tensor

    def shard(self, batches: list[Batch]) -> list[Batch]:
        """Return every world_size-th batch, starting at the rank of this process."""
        return batches[self.process_group.rank :: self.process_group.world_size]


def _iter_ddp_parameters(model: Embedder) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield the names and tensors of the parameters whose gradients are averaged over the processes."""
    return ((name, tensor) for name, tensor in model.named_parameters() if name not in _DDP_IGNORED_PARAMETERS)


def count_photos(batches: Iterable[Batch]) -> int:
    """Return the number of photos in all batches."""
    return sum(len(batch.photo_indices) for batch in batches)


class _AllGather(torch.autograd.Function):
    """The embeddings of all processes, concatenated by rows."""

    @staticmethod
    def forward(
        ctx: Any, z: torch.Tensor, local_rows: slice, batch_size: int, process_group: ProcessGroup
    ) -> torch.Tensor:
        """Gather z, (local batch, embedding_dim), and return it for the whole batch, (batch_size, embedding_dim).

        The parts differ by at most one row. They are padded to one size, because all_gather needs equal shapes.
        """
        ctx.rows, ctx.count = local_rows, process_group.world_size
        max_rows = -(-batch_size // process_group.world_size)
        padded = z.new_zeros(max_rows, z.shape[1])
        padded[: len(z)] = z
        parts = [torch.empty_like(padded) for _ in range(process_group.world_size)]
        torch.distributed.all_gather(parts, padded)
        bounds = [batch_size * n // process_group.world_size for n in range(process_group.world_size + 1)]
        return torch.cat([part[: end - start] for part, start, end in zip(parts, bounds[:-1], bounds[1:], strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the rows of this process, multiplied by the number of processes.

        Every process has the same loss, so the gradient of a weight is the sum over the processes, and
        DistributedDataParallel divides this sum by their number.
        """
        return gradient[ctx.rows] * ctx.count, None, None, None
