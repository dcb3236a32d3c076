"""One training in several processes: each embeds its part of the batch, all compute the loss of the whole batch.

Encoder and projection are DistributedDataParallel. The embeddings z travel, not the gradient of W: every process has
all z of the batch, so it has the very gradient of W that one process would have, negatives, in-batch rivals and sparse
rows included, and W stays the same everywhere without being sent (30,000 words of 2,048 numbers would be 245 MB a
step; the z of 256 photos are 2 MB).

Layers that look at the whole batch while each process holds a part of it.

Batch norm takes mean and variance over all processes: torch's SyncBatchNorm on CUDA, a plain twin of it on CPUs, where
torch has none. Dropout and stochastic depth draw for the whole batch and keep their own rows, so that a photo meets the
same fate in any number of processes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.distributed
import torchvision.ops
from torch import nn

from weft.data.samplers import Batch
from weft.model.embedder import Embedder
from weft.process_group import ProcessGroup


@dataclass
class LocalSlice:
    """Which photos of the batch this process holds at the moment; shared by all layers of a model."""

    rows: slice = field(default_factory=lambda: slice(0, 0))
    batch_size: int = 0


def convert_sync_layers(model: nn.Module, local_slice: LocalSlice, frozen: Iterable[nn.Module] = ()) -> None:
    """Replace such layers in place; parameters, buffers and their names stay.

    Args:
        model: Whose layers.
        part: What they look at.
        frozen: Modules that stay in eval mode, where nothing depends on other photos: they and all in them are left.
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
    # timm's batch norm has its activation inside, which torch's conversion would lose.
    if norm.weight is not None and norm.weight.is_cuda and not hasattr(norm, "act"):
        synced: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(norm)  # type: ignore[no-untyped-call]
        return synced
    return _SyncBatchNorm(norm)


class _SyncBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch norm over the photos of all processes, on any backend; in eval mode it asks nobody."""

    def __init__(self, norm: nn.modules.batchnorm._BatchNorm) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self.weight, self.bias = norm.weight, norm.bias
        self.running_mean, self.running_var = norm.running_mean, norm.running_var
        self.num_batches_tracked = norm.num_batches_tracked
        self.act = getattr(norm, "act", nn.Identity())
        self.train(norm.training)

    def _check_input_dim(self, input: torch.Tensor) -> None:  # noqa: A002  torch's name
        """Any number of dimensions will do."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
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
    """Dropout (mode None) or stochastic depth ("row", "batch"), drawn for the whole batch as torch draws it."""

    def __init__(self, p: float, mode: str | None, local_slice: LocalSlice) -> None:
        super().__init__()
        self._p, self._mode, self._local_slice = p, mode, local_slice

    def forward(self, x: torch.Tensor) -> torch.Tensor:
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
    """The sum over all processes; every one of them depends on each part, so gradients are summed as well."""

    @staticmethod
    def forward(ctx: Any, local: torch.Tensor) -> torch.Tensor:  # noqa: ARG004  torch's signature
        """The sum."""
        total = local.clone()
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # noqa: ARG004
        """The sum of the gradients."""
        total = gradient.clone()
        torch.distributed.all_reduce(total)
        return total


def _all_reduce_sum(local: torch.Tensor) -> torch.Tensor:
    total: torch.Tensor = _AllReduceSum.apply(local)
    return total


_DDP_IGNORED_PARAMETERS = ("words", "bias")


class Replica:
    """This process's copy of a model in training.

    Attributes:
        processes: Among whom the training is shared.
    """

    def __init__(self, model: Embedder, process_group: ProcessGroup, local_slice: LocalSlice) -> None:
        """Wrap a model whose frozen parts ask for no gradient any more.

        Args:
            model: With the layers that `sync_layers` gave it, where there are several processes.
            processes: All that train it.
            part: What those layers look at.
        """
        self.process_group, self._model, self._local_slice = process_group, model, local_slice
        self._network: nn.Module = model
        if process_group.world_size > 1 and any(tensor.requires_grad for name, tensor in _iter_ddp_parameters(model)):
            ddp = nn.parallel.DistributedDataParallel
            # It compares names of a model's own parameters with and without a leading dot.
            ignored_names = [dot + name for name in _DDP_IGNORED_PARAMETERS for dot in ("", ".")]
            ddp._set_params_and_buffers_to_ignore_for_model(model, ignored_names)  # type: ignore[no-untyped-call]
            device_ids = [model.words.device] if model.words.is_cuda else None
            self._network = ddp(model, device_ids=device_ids, forward_sync_buffers=False)

    def embed(self, photos: torch.Tensor, local_rows: slice, batch_size: int) -> torch.Tensor:
        """Z of the whole batch, (count, embedding_dim), of which this process embeds its own photos.

        Args:
            photos: uint8 (own photos, 3, height, width).
            rows: Which photos of the batch they are.
            count: Photos of the batch.
        """
        self._local_slice.rows, self._local_slice.batch_size = local_rows, batch_size
        z: torch.Tensor = self._network(photos)
        if self.process_group.world_size == 1:
            return z
        gathered: torch.Tensor = _AllGather.apply(z.float(), local_rows, batch_size, self.process_group)
        return gathered

    @torch.no_grad()
    def broadcast_weights(self) -> None:
        """Take the leader's weights: sums in another order may have moved copies apart by a last digit."""
        if self.process_group.world_size > 1:
            for tensor in self._model.state_dict().values():
                torch.distributed.broadcast(tensor, 0)

    def weighted_mean(self, local_mean: float, weight: int) -> float:
        """The mean over all processes, each with its weight, NaN for none; the same number for each of them."""
        if self.process_group.world_size == 1:
            return local_mean
        sums = torch.tensor([local_mean * weight if weight else 0.0, weight], dtype=torch.float64)
        torch.distributed.all_reduce(sums)
        return float(sums[0] / sums[1])

    def shard(self, batches: list[Batch]) -> list[Batch]:
        """This process's share of batches that none depends on the other."""
        return batches[self.process_group.rank :: self.process_group.world_size]


def _iter_ddp_parameters(model: Embedder) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, tensor) for name, tensor in model.named_parameters() if name not in _DDP_IGNORED_PARAMETERS)


def count_photos(batches: Iterable[Batch]) -> int:
    """Photos of all batches together."""
    return sum(len(batch.photo_indices) for batch in batches)


class _AllGather(torch.autograd.Function):
    """z of all processes, one below the other."""

    @staticmethod
    def forward(
        ctx: Any, z: torch.Tensor, local_rows: slice, batch_size: int, process_group: ProcessGroup
    ) -> torch.Tensor:
        """Parts differ by at most one row, which is padded while they travel."""
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
        """Every process has the same loss; DistributedDataParallel takes the mean of what is a sum."""
        return gradient[ctx.rows] * ctx.count, None, None, None
