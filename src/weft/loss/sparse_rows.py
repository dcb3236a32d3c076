"""The rows of W that a batch needs, so that the cost of a step does not grow with the vocabulary."""

import torch
from torch.nn.functional import embedding


class RowSubset:
    """Some words out of the vocabulary: their ids, and where each stands among them."""

    def __init__(self, vocabulary_size: int, first_ids: torch.Tensor, other_ids: torch.Tensor | None = None) -> None:
        """Collect the ids in `first_ids`, ascending, and then those that are only in `other_ids`.

        Args:
            vocabulary_size: Number of words in the vocabulary.
            first_ids: Word ids of any shape.
            other_ids: More word ids of any shape.
        """
        self._local_id = torch.full((vocabulary_size,), -1, dtype=torch.int64, device=first_ids.device)
        self.ids = torch.unique(first_ids)
        self._local_id[self.ids] = torch.arange(len(self.ids), device=first_ids.device)
        if other_ids is not None:
            new_ids = torch.unique(other_ids[self._local_id[other_ids] < 0])
            self._local_id[new_ids] = torch.arange(len(self.ids), len(self.ids) + len(new_ids), device=first_ids.device)
            self.ids = torch.cat([self.ids, new_ids])

    def local_ids(self, ids: torch.Tensor) -> torch.Tensor:
        """Where each of `ids`, of any shape, stands in `self.ids`; -1 where it does not, or is -1 itself."""
        return torch.where(ids < 0, ids, self._local_id[ids])

    def gather(self, words: torch.Tensor) -> torch.Tensor:
        """The rows of a parameter, (vocabulary, dim): its gradient is sparse, other rows have none."""
        return embedding(self.ids, words, sparse=True)


def check_targets(z: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> None:
    """Targets and weights are (batch, targets) with the batch of `z`, at least one target each.

    Raises:
        ValueError: They are not; the message names the shapes.
    """
    if targets.shape != weights.shape or targets.ndim != 2 or len(targets) != len(z):
        raise ValueError(
            f"targets {tuple(targets.shape)} and weights {tuple(weights.shape)} of {len(z)} embeddings, "
            f"expected both ({len(z)}, targets)"
        )
    if targets.shape[1] < 1 or bool((weights.sum(1) <= 0).any()):
        raise ValueError("a photo without words has no loss: leave photos with empty bags out of the batch")
