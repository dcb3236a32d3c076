"""Sampled softmax: the cross-entropy over the positive word and a few negative words (paper section 3.2)."""

from typing import Any

import torch
from torch.autograd.function import once_differentiable

from weft.loss.sparse_rows import check_targets


def sampled_softmax(
    z: torch.Tensor,
    words: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    negatives: torch.Tensor,
    log_expected_counts: torch.Tensor | None = None,
    true_words: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    num_negative_rows: int | None = None,
) -> torch.Tensor:
    """Return the mean over the batch of - sum_k p_k log softmax(s)_k, each over {k} and the photo's negatives.

    A negative that is the positive k itself (an accidental hit) does not count in the softmax of k. With
    `log_expected_counts`, e^s of each negative is divided by its expected number of draws. The sum over the negatives
    is then an unbiased estimate of the sum over all other words, and the loss converges to the full softmax with the
    number of negatives (Bengio and Senecal 2008; Blanc and Rendle 2018). The positive is never drawn, so its score is
    not corrected.

    Args:
        z: Embeddings, (batch, embedding_dim).
        words: Word embeddings W, (vocabulary, embedding_dim), or the rows of W that the batch needs (see RowSubset).
        targets: Rows of `words`, (batch, targets); a row of weight 0 is ignored.
        weights: p, (batch, targets), at least 0; each row sums to 1.
        negatives: Rows of `words`, drawn for each photo, (batch, negatives), or shared by the batch, (1, negatives). A
            repeated row counts repeatedly.
        log_expected_counts: Log of the expected count of each word among a photo's negatives, (vocabulary,). None
            leaves the scores uncorrected.
        true_words: All words of each photo, (batch, true words), padded with -1; none of them counts as a negative of
            this photo. With None, only the positive itself does not count.
        bias: Word biases b, (vocabulary, 1); the paper has none.
        num_negative_rows: The negatives are among the first rows of `words`, this many; None means all. The fewer
            they are, the less is computed.

    Raises:
        ValueError: The shapes do not fit each other, there are no negatives, or photos have no targets.
    """
    check_targets(z, targets, weights)
    if negatives.ndim != 2 or len(negatives) not in (1, len(z)):
        raise ValueError(
            f"expected negatives of shape ({len(z)} or 1, negatives) for {len(z)} embeddings, "
            f"got {tuple(negatives.shape)}"
        )
    if negatives.shape[1] < 1:
        raise ValueError("expected at least one negative per photo, got none")
    positive, negative = _logits(
        z, words, bias, targets, len(words) if num_negative_rows is None else num_negative_rows
    )
    counts = torch.zeros(len(negatives), negative.shape[1], device=z.device)
    counts = counts.scatter_add(1, negatives, torch.ones_like(negatives, dtype=counts.dtype))
    log_counts = (
        counts.log() if log_expected_counts is None else counts.log() - log_expected_counts[: negative.shape[1]]
    )
    corrected = negative + log_counts
    if true_words is None:
        others = _logsumexp_excluding_each(corrected, targets, weights)
    else:
        others = _logsumexp_excluding_all(corrected, true_words).unsqueeze(1)
    return (weights * (torch.logaddexp(positive, others) - positive)).sum(1).mean()


def _logits(
    z: torch.Tensor, words: torch.Tensor, bias: torch.Tensor | None, targets: torch.Tensor, num_negative_rows: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the scores of each photo's targets, (batch, targets), and of the first num_negative_rows words."""
    if targets.shape[1] > 1:
        logits = z @ words.T if bias is None else torch.addmm(bias.T, z, words.T)
        return logits.gather(1, targets), logits[:, :num_negative_rows]
    positive, negative = positive_and_negative_logits(z, words, targets[:, 0], num_negative_rows)
    return (
        (positive, negative)
        if bias is None
        else (positive + bias[targets[:, 0]], negative + bias[:num_negative_rows].T)
    )


def _logsumexp_excluding_all(scores: torch.Tensor, excluded_columns: torch.Tensor) -> torch.Tensor:
    """Return (batch,): the logsumexp of each row of `scores`, (batch, columns), without its excluded columns.

    `excluded_columns` is (batch, excluded); a column that does not exist, such as the padding -1, is ignored.
    """
    is_outside = (excluded_columns < 0) | (excluded_columns >= scores.shape[1])
    is_excluded = torch.zeros(len(scores), scores.shape[1] + 1, dtype=torch.bool, device=scores.device)
    is_excluded = is_excluded.scatter(1, excluded_columns.masked_fill(is_outside, scores.shape[1]), True)[:, :-1]
    # The gradient of a row of only -inf would be NaN; that of large negative numbers is 0.
    return scores.masked_fill(is_excluded | scores.isneginf(), torch.finfo(scores.dtype).min).logsumexp(1)


def _logsumexp_excluding_each(scores: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return (batch, targets): the logsumexp of each row of `scores` without the column of each one of its targets.

    The other targets are added to the sum without targets. Subtracting a target from the whole sum instead would lose
    all digits if that target is nearly the whole sum.
    """
    columns = torch.where(weights > 0, targets, -1)
    without_targets = _logsumexp_excluding_all(scores, columns).unsqueeze(1)
    if targets.shape[1] == 1:
        return without_targets
    is_scored = (columns >= 0) & (columns < scores.shape[1])
    target_scores = scores.gather(1, columns.masked_fill(~is_scored, 0))
    is_same_word = columns.unsqueeze(2) == columns.unsqueeze(1)
    is_counted = ~is_same_word & (is_scored & ~is_same_word.tril(-1).any(2) & ~target_scores.isneginf()).unsqueeze(1)
    floor = torch.finfo(scores.dtype).min
    others = target_scores.unsqueeze(1).expand_as(is_same_word).masked_fill(~is_counted, floor).logsumexp(2)
    return torch.logaddexp(without_targets, others)


def positive_and_negative_logits(
    z: torch.Tensor, rows: torch.Tensor, targets: torch.Tensor, num_negative_rows: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the scores of the positives, (batch, 1), and of the first rows, (batch, num_negative_rows).

    These are `(z * rows[targets]).sum(1)` and `z @ rows[:num_negative_rows].T`. For these expressions torch would
    compute two gradients of the size of `rows` and add them, which takes a fifth of a step; this function computes one.

    Args:
        z: Embeddings, (batch, embedding_dim).
        rows: Word embeddings, (rows, embedding_dim).
        targets: The positive row of each photo, (batch,).
        num_negative_rows: Number of first rows that are scored, from 0 to the number of rows.
    """
    positive, negative = _PositiveAndNegativeLogits.apply(z, rows, targets, num_negative_rows)
    return positive, negative


class _PositiveAndNegativeLogits(torch.autograd.Function):
    """The autograd function of positive_and_negative_logits."""

    @staticmethod
    def forward(
        ctx: Any, z: torch.Tensor, rows: torch.Tensor, targets: torch.Tensor, num_negative_rows: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        ctx.save_for_backward(z, rows, targets)
        ctx.num_negative_rows = num_negative_rows
        return (z * rows.index_select(0, targets)).sum(1, keepdim=True), z @ rows[:num_negative_rows].T

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_positive: torch.Tensor, grad_negative: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor | None, None, None]:
        z, rows, targets = ctx.saved_tensors
        grad_z = grad_rows = None
        if ctx.needs_input_grad[0]:
            grad_z = torch.addcmul(
                grad_negative @ rows[: ctx.num_negative_rows], grad_positive, rows.index_select(0, targets)
            )
        if ctx.needs_input_grad[1]:
            grad_rows = torch.empty_like(rows)
            torch.mm(grad_negative.T, z, out=grad_rows[: ctx.num_negative_rows])
            grad_rows[ctx.num_negative_rows :] = 0.0
            grad_rows.index_add_(0, targets, grad_positive * z)
        return grad_z, grad_rows, None, None
