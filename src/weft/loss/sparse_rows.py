"""Select the rows of W that a batch needs, so that the cost of a step does not grow with the vocabulary."""

import torch
from torch.nn.functional import embedding


class RowSubset:
    """A subset of the vocabulary, with local ids: the positions of its words in the subset.

    Attributes:
        ids: Word ids of the subset, (size of the subset,), without repeats.
    """

    def __init__(self, vocabulary_size: int, first_ids: torch.Tensor, other_ids: torch.Tensor | None = None) -> None:
        """Collect the ids of `first_ids` in ascending order, and after them the ids that are only in `other_ids`.

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
        """Return the position in `self.ids` of each of `ids`, of any shape; -1 for other words and for -1."""
        return torch.where(ids < 0, ids, self._local_id[ids])

    def gather(self, words: torch.Tensor) -> torch.Tensor:
        """Return the rows of a parameter, (vocabulary, dim), for the subset; its gradient is sparse."""
        return embedding(self.ids, words, sparse=True)


def check_targets(z: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> None:
    """Check the shapes of the arguments of a loss, and that each photo has a target of positive weight.

    Args:
        z: Embeddings, (batch, embedding_dim).
        targets: Word ids, (batch, targets).
        weights: Weights of the targets, (batch, targets).

    Raises:
        ValueError: The shapes do not fit each other, or a photo has no target of positive weight.
    """
    if targets.shape != weights.shape or targets.ndim != 2 or len(targets) != len(z):
        raise ValueError(
            f"expected targets and weights of shape ({len(z)}, targets) for {len(z)} embeddings, "
            f"got {tuple(targets.shape)} and {tuple(weights.shape)}"
        )
    if targets.shape[1] < 1 or bool((weights.sum(1) <= 0).any()):
        raise ValueError(
            "expected at least one target of positive weight per photo: leave photos without words out of the batch"
        )
