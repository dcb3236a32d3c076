"""A rival to predicting words: each photo finds its own bag of words among those of the batch, and each bag its photo.

The symmetric loss of Radford et al. 2021 (CLIP), the text encoder being the mean of the bag's word embeddings.
"""

import torch
from torch.nn.functional import normalize

from weft.loss.sparse_rows import check_targets


def contrastive(
    z: torch.Tensor, words: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Mean of both directions' cross-entropies over cosines of photos and bags, divided by the temperature.

    A bag is sum_k p_k w_k. Another photo of the batch with the very same bag (another view of the product, say) is
    neither right nor wrong: it is left out.

    Args:
        z: Embeddings, (batch, embedding_dim).
        words: W, (vocabulary, embedding_dim).
        targets: Word ids, (batch, targets); any id where the weight is 0.
        weights: p, (batch, targets); each row sums to 1.
        temperature: Above 0; the smaller, the more the hardest bags count.

    Raises:
        ValueError: The shapes do not fit, or a photo has no target.
    """
    check_targets(z, targets, weights)
    bags = torch.zeros(len(z), len(words), device=z.device).scatter_add(1, targets, weights) @ words
    logits = normalize(z, dim=1) @ normalize(bags, dim=1).T / temperature
    logits = logits.masked_fill(_same_bag_mask(targets, weights), float("-inf"))
    labels = torch.arange(len(z), device=z.device)
    cross_entropy = torch.nn.functional.cross_entropy
    return (cross_entropy(logits, labels) + cross_entropy(logits.T, labels)) / 2


def _same_bag_mask(targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """(batch, batch): whether two different photos of the batch have the same targets, in the same order."""
    is_same = (targets[:, None] == targets[None]).all(2) & (weights[:, None] == weights[None]).all(2)
    return is_same.fill_diagonal_(False)
