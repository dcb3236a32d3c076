"""Softmax cross-entropy over the positive word and a few negatives (paper section 3.2).

The two products of a sampled step, a photo with its one target and with all negatives, gradients in one piece.
"""

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
) -> torch.Tensor:
    """Mean over the batch of - sum_k p_k log softmax over {k} and the photo's negatives.

    A negative that is the positive itself (an accidental hit) leaves that positive's softmax. With `log_expected_counts` each
    negative counts as e^s over the number of times it was to be expected: the sum over negatives then estimates
    without bias the sum over all other words, and the loss tends to the full softmax as negatives grow (Bengio and
    Senecal 2008; Blanc and Rendle 2018). The positive is always there, so its own expected count is 1.

    Args:
        z: Embeddings, (batch, embedding_dim).
        words: W, (vocabulary, embedding_dim), or the rows of it that this batch needs (`narrow`).
        targets: Rows of `words`, (batch, targets); any where the weight is 0.
        weights: p, (batch, targets); each row sums to 1.
        negatives: Rows of `words`, (batch, negatives) drawn for each photo, or (1, negatives) shared by the batch;
            repeats count.
        log_expected_counts: (vocabulary,) log of how often each word is expected among a photo's negatives; None leaves the
            scores as they are.
        true_words: All words of each photo, (batch, words), padded with -1, which are then no negatives of it; None
            leaves all but the positive itself among them.
        bias: b, (vocabulary, 1); none in the paper.

    Raises:
        ValueError: The shapes do not fit, there are no negatives, or a photo has no target.
    """
    check_targets(z, targets, weights)
    if negatives.ndim != 2 or len(negatives) not in (1, len(z)):
        raise ValueError(
            f"negatives {tuple(negatives.shape)} of {len(z)} embeddings, expected ({len(z)} or 1, negatives)"
        )
    if negatives.shape[1] < 1:
        raise ValueError("expected at least one negative per photo, got none")
    positive, negative = _logits(z, words, bias, targets, int(negatives.max()) + 1)
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
    """Scores of each photo's targets, (batch, targets), and of the first `columns` words, (batch, columns)."""
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
    """(batch,): logsumexp of each row of `scores` but for its `columns`, (batch, some); those beyond are no matter."""
    is_outside = (excluded_columns < 0) | (excluded_columns >= scores.shape[1])
    is_excluded = torch.zeros(len(scores), scores.shape[1] + 1, dtype=torch.bool, device=scores.device)
    is_excluded = is_excluded.scatter(1, excluded_columns.masked_fill(is_outside, scores.shape[1]), True)[:, :-1]
    # -inf alone in a row has no gradient to give: a large negative number has one of 0.
    return scores.masked_fill(is_excluded | scores.isneginf(), torch.finfo(scores.dtype).min).logsumexp(1)


def _logsumexp_excluding_each(scores: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """(batch, targets): logsumexp of each row of `scores` but for the one column of that target.

    The row's other targets are added one by one to what no target has, since taking a target's share off the whole
    would lose all digits where it is nearly the whole.
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
    """Positive scores, (batch, 1), and those of the first `columns` rows, (batch, columns).

    The same as `(z * rows[targets]).sum(1)` and `z @ rows[:columns].T`, whose gradients torch would each pad with
    zeros to all of `rows` and add up: a fifth of a step.

    Args:
        z: (batch, dim).
        rows: (rows, dim).
        targets: (batch,) a row for each photo.
        columns: At most as many as there are rows.
    """
    positive, negative = _PositiveAndNegativeLogits.apply(z, rows, targets, num_negative_rows)
    return positive, negative


class _PositiveAndNegativeLogits(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, z: torch.Tensor, rows: torch.Tensor, targets: torch.Tensor, num_negative_rows: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        ctx.save_for_backward(z, rows, targets)
        ctx.columns = num_negative_rows
        return (z * rows.index_select(0, targets)).sum(1, keepdim=True), z @ rows[:num_negative_rows].T

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_positive: torch.Tensor, grad_negative: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor | None, None, None]:
        z, rows, targets = ctx.saved_tensors
        grad_z = grad_rows = None
        if ctx.needs_input_grad[0]:
            grad_z = torch.addcmul(grad_negative @ rows[: ctx.columns], grad_positive, rows.index_select(0, targets))
        if ctx.needs_input_grad[1]:
            grad_rows = torch.empty_like(rows)
            torch.mm(grad_negative.T, z, out=grad_rows[: ctx.columns])
            grad_rows[ctx.columns :] = 0.0
            grad_rows.index_add_(0, targets, grad_positive * z)
        return grad_z, grad_rows, None, None
