"""Binary cross-entropy: one binary classifier per word (the one-versus-all loss of Joulin et al. 2016)."""

import torch
from torch.nn.functional import softplus

from weft.loss.sparse_rows import check_targets


def binary_cross_entropy(
    z: torch.Tensor,
    words: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    true_words: torch.Tensor,
    bias: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the mean over the batch of - m sum_k p_k log sigmoid(s_k) - sum_j log(1 - sigmoid(s_j)), s = W z + b.

    k runs over the photo's targets and j over all words except the photo's m true words. The factor m makes the
    expected loss on one sampled word equal to the loss on all words of the photo. If these have equal weights,
    p = 1 / m, the loss is the binary cross-entropy summed over the vocabulary.

    Args:
        z: Embeddings, (batch, embedding_dim).
        words: Word embeddings W, (vocabulary, embedding_dim).
        targets: Word ids, (batch, targets); an id of weight 0 is ignored.
        weights: p, (batch, targets), at least 0; each row sums to 1.
        true_words: Ids of all words of each photo, without repeats, (batch, true words), padded with -1.
        bias: Word biases b, (vocabulary, 1); the paper has none.

    Raises:
        ValueError: The shapes do not fit each other, or photos have no targets.
    """
    check_targets(z, targets, weights)
    logits = z @ words.T if bias is None else torch.addmm(bias.T, z, words.T)
    is_word = true_words >= 0
    # The padding sets an extra last column, which is removed again.
    is_negative = torch.ones(len(z), len(words) + 1, dtype=torch.bool, device=z.device)
    is_negative = is_negative.scatter(1, torch.where(is_word, true_words, len(words)), False)[:, :-1]
    negative_loss = softplus(logits).masked_fill(~is_negative, 0.0).sum(1)
    positive_loss = is_word.sum(1) * (weights * softplus(-logits.gather(1, targets))).sum(1)
    return (positive_loss + negative_loss).mean()
