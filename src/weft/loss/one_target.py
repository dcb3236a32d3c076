"""The two products of a sampled step, a photo with its one target and with all negatives, gradients in one piece."""

from typing import Any

import torch
from torch.autograd.function import once_differentiable


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
