"""The two products of a sampled step, a photo with its one target and with all negatives, gradients in one piece."""

from typing import Any

import torch
from torch.autograd.function import once_differentiable


def score_one_target(
    z: torch.Tensor, rows: torch.Tensor, targets: torch.Tensor, columns: int
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
    positive, others = _OneTarget.apply(z, rows, targets, columns)
    return positive, others


class _OneTarget(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, z: torch.Tensor, rows: torch.Tensor, targets: torch.Tensor, columns: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        ctx.save_for_backward(z, rows, targets)
        ctx.columns = columns
        return (z * rows.index_select(0, targets)).sum(1, keepdim=True), z @ rows[:columns].T

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, of_positive: torch.Tensor, of_others: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor | None, None, None]:
        z, rows, targets = ctx.saved_tensors
        of_z = of_rows = None
        if ctx.needs_input_grad[0]:
            of_z = torch.addcmul(of_others @ rows[: ctx.columns], of_positive, rows.index_select(0, targets))
        if ctx.needs_input_grad[1]:
            of_rows = torch.empty_like(rows)
            torch.mm(of_others.T, z, out=of_rows[: ctx.columns])
            of_rows[ctx.columns :] = 0.0
            of_rows.index_add_(0, targets, of_positive * z)
        return of_z, of_rows, None, None
