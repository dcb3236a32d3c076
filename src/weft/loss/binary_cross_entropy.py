"""One classifier a word: is it said of the photo or not (the "one-versus-all" loss of Joulin et al. 2016)."""

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
    """Mean over the batch of - m sum_k p_k log sigmoid(s_k) - sum_(j not true) log(1 - sigmoid(s_j)), s = W z + b.

    The photo's m true words are never counted as false, so a draw of one word, weighted m, is on average the loss on
    all words; where all weigh the same, p = 1 / m, it is binary cross-entropy summed over the vocabulary.

    Args:
        z: Embeddings, (batch, embedding_dim).
        words: W, (vocabulary, embedding_dim).
        targets: Word ids, (batch, targets); any id where the weight is 0.
        weights: p, (batch, targets); each row sums to 1.
        true_words: All words of each photo, once each, (batch, words), padded with -1.
        bias: b, (vocabulary, 1); none in the paper.

    Raises:
        ValueError: The shapes do not fit, or a photo has no target.
    """
    check_targets(z, targets, weights)
    logits = z @ words.T if bias is None else torch.addmm(bias.T, z, words.T)
    is_word = true_words >= 0
    # The padding goes to a column of its own.
    is_negative = torch.ones(len(z), len(words) + 1, dtype=torch.bool, device=z.device)
    is_negative = is_negative.scatter(1, torch.where(is_word, true_words, len(words)), False)[:, :-1]
    negative_loss = softplus(logits).masked_fill(~is_negative, 0.0).sum(1)
    positive_loss = is_word.sum(1) * (weights * softplus(-logits.gather(1, targets))).sum(1)
    return (positive_loss + negative_loss).mean()
