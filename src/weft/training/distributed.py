"""One training in several processes: each embeds its part of the batch, all compute the loss of the whole batch.

Encoder and projection are DistributedDataParallel. The embeddings z travel, not the gradient of W: every process has
all z of the batch, so it has the very gradient of W that one process would have, negatives, in-batch rivals and sparse
rows included, and W stays the same everywhere without being sent (30,000 words of 2,048 numbers would be 245 MB a
step; the z of 256 photos are 2 MB).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from weft.data.samplers import Batch
from weft.model.embedder import Embedder
from weft.processes import ProcessGroup
from weft.training.synced_layers import LocalSlice

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
