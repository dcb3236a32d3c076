"""Softmax cross-entropy over the whole vocabulary."""

import torch


def full_softmax(z: torch.Tensor, words: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Mean over the batch of - sum_k p_k log softmax(W z)_k.

    With one target of weight 1 this is the multiclass logistic loss of Joulin et al. 2016, equation 1.

    Args:
        z: Embeddings, (batch, embedding_dim).
        words: W, (vocabulary, embedding_dim).
        targets: Word ids, (batch, targets); any id where the weight is 0.
        weights: p, (batch, targets); each row sums to 1.

    Raises:
        ValueError: The shapes of targets and weights differ.
    """
    if targets.shape != weights.shape or len(targets) != len(z):
        raise ValueError(f"targets {tuple(targets.shape)} and weights {tuple(weights.shape)} of {len(z)} embeddings")
    logits = z @ words.T
    target_logits = logits.gather(1, targets)
    return (logits.logsumexp(1) - (weights * target_logits).sum(1)).mean()
