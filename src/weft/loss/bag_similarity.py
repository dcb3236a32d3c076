"""Bag similarity loss: the embeddings of two photos are as similar as their bags of words.

A softmax over words trains the scores w_k . z, but not the cosine of the embeddings of two photos, by which retrieval
ranks. This loss does. For each photo of the batch it compares two distributions over the other photos: the softmax of
the similarities of their bags is the target, and the softmax of the cosines of their embeddings is the prediction. This
is the objective of stochastic neighbour embedding (Hinton and Roweis 2002). The similarity of two bags p and q is the
Bhattacharyya coefficient, sum_k sqrt(p_k q_k): 1 for equal bags, 0 for bags without a common word.
"""

import torch
from torch.nn.functional import normalize

from weft.loss.sparse_rows import check_targets


def bag_similarity_loss(
    z: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, vocabulary_size: int, temperature: float
) -> torch.Tensor:
    """Return the mean cross-entropy between the two distributions over the other photos of the batch.

    Args:
        z: Embeddings, (batch, embedding_dim), of at least two photos.
        targets: Word ids, (batch, targets); an id of weight 0 is ignored.
        weights: p, (batch, targets), at least 0; each row sums to 1.
        vocabulary_size: Number of words in the vocabulary.
        temperature: Divides the similarities and the cosines; above 0. The smaller it is, the more the most similar
            photos count.

    Raises:
        ValueError: The shapes do not fit each other, photos have no targets, or there is only one photo.
    """
    check_targets(z, targets, weights)
    if len(z) < 2:
        raise ValueError("bag similarity compares the photos of a batch: expected at least 2 photos, got 1")
    bags = torch.zeros(len(z), vocabulary_size, device=z.device).scatter_add(1, targets, weights).sqrt()
    unit_z = normalize(z, dim=1)
    is_self = torch.eye(len(z), dtype=torch.bool, device=z.device)
    target_distribution = (bags @ bags.T / temperature).masked_fill(is_self, float("-inf")).softmax(dim=1)
    # -1e9 is far below every cosine, but finite, because 0 * -inf would be NaN.
    log_probabilities = (unit_z @ unit_z.T / temperature).masked_fill(is_self, -1e9).log_softmax(dim=1)
    return -(target_distribution * log_probabilities).sum(dim=1).mean()
