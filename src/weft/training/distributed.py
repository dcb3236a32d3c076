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
from weft.processes import Processes
from weft.training.synced_layers import Part

_OWN_GRADIENT_EVERYWHERE = ("words", "bias")


class Replica:
    """This process's copy of a model in training.

    Attributes:
        processes: Among whom the training is shared.
    """

    def __init__(self, model: Embedder, processes: Processes, part: Part) -> None:
        """Wrap a model whose frozen parts ask for no gradient any more.

        Args:
            model: With the layers that `sync_layers` gave it, where there are several processes.
            processes: All that train it.
            part: What those layers look at.
        """
        self.processes, self._model, self._part = processes, model, part
        self._network: nn.Module = model
        if processes.count > 1 and any(tensor.requires_grad for name, tensor in _shared(model)):
            ddp = nn.parallel.DistributedDataParallel
            # It compares names of a model's own parameters with and without a leading dot.
            own = [dot + name for name in _OWN_GRADIENT_EVERYWHERE for dot in ("", ".")]
            ddp._set_params_and_buffers_to_ignore_for_model(model, own)  # type: ignore[no-untyped-call]
            on_gpu = [model.words.device] if model.words.is_cuda else None
            self._network = ddp(model, device_ids=on_gpu, forward_sync_buffers=False)

    def embed(self, photos: torch.Tensor, rows: slice, count: int) -> torch.Tensor:
        """Z of the whole batch, (count, embedding_dim), of which this process embeds its own photos.

        Args:
            photos: uint8 (own photos, 3, height, width).
            rows: Which photos of the batch they are.
            count: Photos of the batch.
        """
        self._part.rows, self._part.count = rows, count
        z: torch.Tensor = self._network(photos)
        if self.processes.count == 1:
            return z
        gathered: torch.Tensor = _Gathered.apply(z.float(), rows, count, self.processes)
        return gathered

    @torch.no_grad()
    def agree(self) -> None:
        """Take the leader's weights: sums in another order may have moved copies apart by a last digit."""
        if self.processes.count > 1:
            for tensor in self._model.state_dict().values():
                torch.distributed.broadcast(tensor, 0)

    def mean(self, mine: float, weight: int) -> float:
        """The mean over all processes, each with its weight, NaN for none; the same number for each of them."""
        if self.processes.count == 1:
            return mine
        sums = torch.tensor([mine * weight if weight else 0.0, weight], dtype=torch.float64)
        torch.distributed.all_reduce(sums)
        return float(sums[0] / sums[1])

    def share(self, batches: list[Batch]) -> list[Batch]:
        """This process's share of batches that none depends on the other."""
        return batches[self.processes.rank :: self.processes.count]


def _shared(model: Embedder) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, tensor) for name, tensor in model.named_parameters() if name not in _OWN_GRADIENT_EVERYWHERE)


def photos_of(batches: Iterable[Batch]) -> int:
    """Photos of all batches together."""
    return sum(len(batch.photos) for batch in batches)


class _Gathered(torch.autograd.Function):
    """z of all processes, one below the other."""

    @staticmethod
    def forward(ctx: Any, z: torch.Tensor, rows: slice, count: int, processes: Processes) -> torch.Tensor:
        """Parts differ by at most one row, which is padded while they travel."""
        ctx.rows, ctx.count = rows, processes.count
        most = -(-count // processes.count)
        padded = z.new_zeros(most, z.shape[1])
        padded[: len(z)] = z
        parts = [torch.empty_like(padded) for _ in range(processes.count)]
        torch.distributed.all_gather(parts, padded)
        bounds = [count * n // processes.count for n in range(processes.count + 1)]
        return torch.cat([part[: end - start] for part, start, end in zip(parts, bounds[:-1], bounds[1:], strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Every process has the same loss; DistributedDataParallel takes the mean of what is a sum."""
        return gradient[ctx.rows] * ctx.count, None, None, None
