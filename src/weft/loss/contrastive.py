"""Contrastive loss: match each photo with its own bag of words within the batch, and each bag with its photo.

This is the symmetric loss of Radford et al. 2021 (CLIP), with the weighted mean of the word embeddings of a bag as the
text encoder. It is an alternative to the paper's losses, which predict words.
"""

import torch
from torch.nn.functional import normalize

from weft.loss.sparse_rows import check_targets


def contrastive(
    z: torch.Tensor, words: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Return the mean of two cross-entropies: of the bag given the photo, and of the photo given the bag.

    The logits are the cosines of z and of the bags' embeddings sum_k p_k w_k, divided by the temperature. Another photo
    of the batch with an equal bag, such as a second photo of the product, is neither a positive nor a negative.

    Args:
        z: Embeddings, (batch, embedding_dim).
        words: Word embeddings W, (vocabulary, embedding_dim).
        targets: Word ids, (batch, targets); an id of weight 0 is ignored.
        weights: p, (batch, targets), at least 0; each row sums to 1.
        temperature: Divides the cosines; above 0. The smaller it is, the more the most similar bags count.

    Raises:
        ValueError: The shapes do not fit each other, or photos have no targets.
    """
    check_targets(z, targets, weights)
    bags = torch.zeros(len(z), len(words), device=z.device).scatter_add(1, targets, weights) @ words
    logits = normalize(z, dim=1) @ normalize(bags, dim=1).T / temperature
    logits = logits.masked_fill(_same_bag_mask(targets, weights), float("-inf"))
    labels = torch.arange(len(z), device=z.device)
    cross_entropy = torch.nn.functional.cross_entropy
    return (cross_entropy(logits, labels) + cross_entropy(logits.T, labels)) / 2


def _same_bag_mask(targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return (batch, batch): whether two different photos have equal targets in the same order."""
    is_same = (targets[:, None] == targets[None]).all(2) & (weights[:, None] == weights[None]).all(2)
    return is_same.fill_diagonal_(False)
