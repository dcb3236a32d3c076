"""Full softmax: the cross-entropy over the whole vocabulary (paper section 3.2)."""

import torch

from weft.loss.sparse_rows import check_targets


def full_softmax(
    z: torch.Tensor,
    words: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    bias: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the mean over the batch of - sum_k p_k log softmax(W z + b)_k.

    With one target of weight 1 per photo this is the multiclass logistic loss of Joulin et al. 2016, equation 1.

    Args:
        z: Embeddings, (batch, embedding_dim).
        words: Word embeddings W, (vocabulary, embedding_dim).
        targets: Word ids, (batch, targets); an id of weight 0 is ignored.
        weights: p, (batch, targets), at least 0; each row sums to 1.
        bias: Word biases b, (vocabulary, 1); the paper has none.

    Raises:
        ValueError: The shapes do not fit each other, or photos have no targets.
    """
    check_targets(z, targets, weights)
    logits = z @ words.T if bias is None else torch.addmm(bias.T, z, words.T)
    target_logits = logits.gather(1, targets)
    return (logits.logsumexp(1) - (weights * target_logits).sum(1)).mean()
