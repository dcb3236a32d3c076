"""The target words of a batch as tensors: all that a loss needs beside the embeddings z and the model."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Targets:
    """The target words and the negatives of the photos of a batch."""

    words: torch.Tensor
    """Word ids, (batch, targets), padded with the photo's first word."""
    weights: torch.Tensor
    """Weights of the targets, (batch, targets); each row sums to 1, and padding has weight 0."""
    true_words: torch.Tensor
    """Ids of all words of each photo, without repeats, (batch, true words), padded with a negative number."""
    negatives: torch.Tensor | None = None
    """The negatives of sampled softmax, (batch, negatives), or (1, negatives) if the batch shares them; else None."""

    def __len__(self) -> int:
        return len(self.words)

    def select(self, rows: slice) -> "Targets":
        """Return the targets of some photos of the batch."""
        negatives = self.negatives
        if negatives is not None and len(negatives) > 1:
            negatives = negatives[rows]
        return Targets(self.words[rows], self.weights[rows], self.true_words[rows], negatives)
