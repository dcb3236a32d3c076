"""The training objective of params.yaml, and the one yardstick that all trainings are validated on."""

from collections.abc import Iterable

import torch

from weft.data.samplers import Batch
from weft.loss.full_softmax import full_softmax
from weft.loss.sampled_softmax import sampled_softmax, uniform_negatives
from weft.params import Training


def objective(
    z: torch.Tensor, words: torch.Tensor, batch: Batch, settings: Training, generator: torch.Generator
) -> torch.Tensor:
    """The loss of `settings` on one batch of embeddings, (batch, embedding_dim), in float32."""
    targets, weights = torch.from_numpy(batch.targets).to(z.device), torch.from_numpy(batch.weights).to(z.device)
    if settings.loss == "full_softmax":
        return full_softmax(z.float(), words, targets, weights)
    negatives = uniform_negatives(len(z), settings.negatives, len(words), generator).to(z.device)
    return sampled_softmax(z.float(), words, targets, weights, negatives)


@torch.no_grad()
def validation_loss(embedded: Iterable[tuple[torch.Tensor, Batch]], words: torch.Tensor) -> float:
    """Mean full-softmax loss over photos given as (z, uniform targets); NaN when there are none."""
    total, photos = 0.0, 0
    for z, batch in embedded:
        targets, weights = torch.from_numpy(batch.targets).to(z.device), torch.from_numpy(batch.weights).to(z.device)
        total += float(full_softmax(z.float(), words, targets, weights)) * len(z)
        photos += len(z)
    return total / photos if photos else float("nan")
