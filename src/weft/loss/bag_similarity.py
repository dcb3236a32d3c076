"""Photos whose texts say much the same lie close together: what retrieval by cosine asks for, learned as such.

Softmax over words shapes w_k . z, not the angle between two photos' z. This term does: for each photo of the batch, the
softmax over the other photos of their cosines follows the softmax of how alike their bags are. It is the cross-entropy
of stochastic neighbour embedding (Hinton and Roweis 2002) with bags of words as the space that is followed. Two bags p
and q are as alike as the Bhattacharyya coefficient, sum_k sqrt(p_k q_k): 1 for the same bag, 0 for no word in common.
"""

import torch
from torch.nn.functional import normalize

from weft.loss.sparse_rows import check_targets


def bag_similarity_loss(
    z: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, vocabulary_size: int, temperature: float
) -> torch.Tensor:
    """Mean cross-entropy between the likeness of bags and the cosines of embeddings, both over the temperature.

    Args:
        z: Embeddings, (batch, embedding_dim), at least two.
        targets: Word ids, (batch, targets); any id where the weight is 0.
        weights: p, (batch, targets); each row sums to 1.
        vocabulary_size: Words in the vocabulary.
        temperature: Above 0; the smaller, the more the nearest photos count.

    Raises:
        ValueError: The shapes do not fit, a photo has no target, or there is a single photo.
    """
    check_targets(z, targets, weights)
    if len(z) < 2:
        raise ValueError("bag similarity compares the photos of a batch: expected at least 2 photos, got 1")
    bags = torch.zeros(len(z), vocabulary_size, device=z.device).scatter_add(1, targets, weights).sqrt()
    unit_z = normalize(z, dim=1)
    is_self = torch.eye(len(z), dtype=torch.bool, device=z.device)
    target_distribution = (bags @ bags.T / temperature).masked_fill(is_self, float("-inf")).softmax(dim=1)
    # Far below every cosine, yet finite: 0 * -inf would be NaN.
    log_probabilities = (unit_z @ unit_z.T / temperature).masked_fill(is_self, -1e9).log_softmax(dim=1)
    return -(target_distribution * log_probabilities).sum(dim=1).mean()
