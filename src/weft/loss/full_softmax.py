"""Softmax cross-entropy over the whole vocabulary."""

import torch

from weft.loss.sparse_rows import check_targets


def full_softmax(
    z: torch.Tensor,
    words: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    bias: torch.Tensor | None = None,
) -> torch.Tensor:
    """Mean over the batch of - sum_k p_k log softmax(W z + b)_k.

    With one target of weight 1 this is the multiclass logistic loss of Joulin et al. 2016, equation 1.

    Args:
        z: Embeddings, (batch, embedding_dim).
        words: W, (vocabulary, embedding_dim).
        targets: Word ids, (batch, targets); any id where the weight is 0.
        weights: p, (batch, targets); each row sums to 1.
        bias: b, (vocabulary, 1); none in the paper.

    Raises:
        ValueError: The shapes do not fit, or a photo has no target.
    """
    check_targets(z, targets, weights)
    logits = z @ words.T if bias is None else torch.addmm(bias.T, z, words.T)
    target_logits = logits.gather(1, targets)
    return (logits.logsumexp(1) - (weights * target_logits).sum(1)).mean()
