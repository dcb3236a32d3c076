"""Softmax cross-entropy over the positive word and a few negatives (paper section 3.2)."""

import torch


def sampled_softmax(
    z: torch.Tensor, words: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, negatives: torch.Tensor
) -> torch.Tensor:
    """Mean over the batch of - sum_k p_k log softmax over {k} and the photo's negatives.

    A negative that is the positive itself (an accidental hit) leaves that positive's softmax; the photo's other
    words stay, as the paper says nothing of them. The paper does not give the proposal distribution either: with
    uniform negatives the softmax needs no correction, all log-proposals being equal.

    Args:
        z: Embeddings, (batch, embedding_dim).
        words: W, (vocabulary, embedding_dim).
        targets: Word ids, (batch, targets); any id where the weight is 0.
        weights: p, (batch, targets); each row sums to 1.
        negatives: Word ids, (batch, negatives), drawn for each photo.

    Raises:
        ValueError: The shapes do not fit, or there are no negatives.
    """
    if targets.shape != weights.shape or len(targets) != len(z) or len(negatives) != len(z):
        raise ValueError(
            f"targets {tuple(targets.shape)}, weights {tuple(weights.shape)}, negatives of {len(z)} photos"
        )
    if negatives.shape[1] < 1:
        raise ValueError("sampled softmax wants at least one negative a photo")
    positive = torch.einsum("bd,bpd->bp", z, words[targets])
    negative = torch.einsum("bd,bnd->bn", z, words[negatives])
    hits = targets.unsqueeze(2) == negatives.unsqueeze(1)
    others = negative.unsqueeze(1).masked_fill(hits, float("-inf")).logsumexp(2)
    return (weights * (torch.logaddexp(positive, others) - positive)).sum(1).mean()


def uniform_negatives(batch: int, count: int, vocabulary_size: int, generator: torch.Generator) -> torch.Tensor:
    """Word ids, (batch, count), each drawn uniformly with replacement."""
    return torch.randint(vocabulary_size, (batch, count), generator=generator)
