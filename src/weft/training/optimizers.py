"""SGD and AdamW that update only the rows of W that have a gradient.

torch's optimizers change every row at every step, by weight decay, by the momentum of SGD or by the first moment of
Adam, even if the row was not among the sampled words. Here a sparse gradient changes only its own rows. The momentum
and the moments of all other rows stay the same until their next gradient. Parameters with dense gradients are updated
by torch's fused kernels, which read the memory once instead of seven times; on a CPU, AdamW then takes a fifth of the
time.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.optim.adamw import adamw

_SparseUpdate = tuple[torch.nn.Parameter, torch.Tensor, torch.Tensor, dict[str, Any]]
"""A parameter, (rows, columns), the indices of its rows with a gradient, their gradients, and its parameter group."""


class SparseRowSGD(torch.optim.SGD):
    """SGD with momentum and weight decay that updates only the rows of a sparse gradient."""

    def __init__(self, params: Iterable[Any], lr: float, *, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        """Build the optimizer; the arguments are those of torch.optim.SGD."""
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay, fused=True)
        self._step_supports_amp_scaling = False  # See SparseRowAdamW.

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one optimizer step and return the loss of `closure`, if it is given."""
        sparse_updates = _pop_sparse_gradients(self.param_groups)
        loss: float | None = super().step(closure)
        for parameter, rows, gradient, group in sparse_updates:
            _update_rows_sgd(parameter, rows, gradient, group, self.state[parameter])
        return loss


class SparseRowAdamW(torch.optim.AdamW):
    """AdamW that updates only the rows of a sparse gradient.

    The bias correction counts the steps of the parameter, not those of each row.
    """

    def __init__(self, params: Iterable[Any], lr: float, *, weight_decay: float) -> None:
        """Build the optimizer; the arguments are those of torch.optim.AdamW."""
        super().__init__(params, lr=lr, weight_decay=weight_decay, fused=True)
        # A GradScaler lets fused kernels unscale the gradients, but these kernels do not see sparse gradients. With
        # False the scaler unscales all gradients before the step.
        self._step_supports_amp_scaling = False

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one optimizer step and return the loss of `closure`, if it is given."""
        sparse_updates = _pop_sparse_gradients(self.param_groups)
        loss: float | None = super().step(closure)
        for parameter, rows, gradient, group in sparse_updates:
            _update_rows_adamw(parameter, rows, gradient, group, self.state[parameter])
        return loss


def _pop_sparse_gradients(groups: list[dict[str, Any]]) -> list[_SparseUpdate]:
    """Remove the sparse gradients from their parameters and return them; torch's step then skips these parameters."""
    sparse_updates = []
    for group in groups:
        for parameter in group["params"]:
            gradient = parameter.grad
            if gradient is None:
                continue
            if gradient.is_sparse:
                sparse_updates.append((parameter, *_coalesce_rows(gradient), group))
                parameter.grad = None
            elif gradient.stride() != parameter.stride():
                # Fused CPU kernels assume that gradient and parameter have the same memory layout and do not check it.
                parameter.grad = torch.empty_like(parameter).copy_(gradient)
    return sparse_updates


def _coalesce_rows(gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return row indices, (rows,), and the sum of the values of each row, (rows, columns).

    On a GPU rows may be repeated, each time with the whole sum. On a CPU no row is repeated, and the values are copied
    only if one was.
    """
    rows, values = gradient._indices()[0], gradient._values()
    if gradient.is_cuda:
        return sum_repeated_rows(rows, values)
    if len(torch.unique(rows)) == len(rows):
        return rows, values
    gradient = gradient.coalesce()
    return gradient.indices()[0], gradient.values()


def sum_repeated_rows(rows: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return `rows` in ascending order, and for each of them the sum of the values of all its repetitions.

    The shapes of the result do not depend on the values. So a GPU computes it without making the CPU wait for the
    number of distinct rows, as torch's `coalesce` does.

    Args:
        rows: (rows,), possibly with repetitions.
        values: (rows, columns).
    """
    sorted_rows, order = rows.sort()
    first_position = torch.searchsorted(sorted_rows, sorted_rows)
    sums = torch.zeros_like(values).index_add_(0, first_position, values.index_select(0, order))
    return sorted_rows, sums.index_select(0, first_position)


@torch.no_grad()
def _update_rows_sgd(
    parameter: torch.Tensor, rows: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any], state: dict[str, Any]
) -> None:
    """Apply one SGD step to the given rows of a parameter and of its momentum buffer.

    A repeated row has the same gradient each time, and the same new values are written.
    """
    parameter_rows = parameter.index_select(0, rows)
    if group["weight_decay"]:
        gradient = gradient.add(parameter_rows, alpha=group["weight_decay"])
    if group["momentum"]:
        if not state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        gradient = state["momentum_buffer"].index_select(0, rows).mul_(group["momentum"]).add_(gradient)
        state["momentum_buffer"].index_copy_(0, rows, gradient)
    parameter.index_copy_(0, rows, parameter_rows.add_(gradient, alpha=-group["lr"]))


@torch.no_grad()
def _update_rows_adamw(
    parameter: torch.Tensor, rows: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any], state: dict[str, Any]
) -> None:
    """Apply one AdamW step to the given rows of a parameter and of its moments.

    A repeated row has the same gradient each time, and the same new values are written.
    """
    if not state:
        state["step"] = torch.zeros((), device=parameter.device)
        state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
    tensors = (parameter, state["exp_avg"], state["exp_avg_sq"])
    parameter_rows, exp_avg_rows, exp_avg_sq_rows = (tensor.index_select(0, rows) for tensor in tensors)
    (beta1, beta2), lr, weight_decay, eps = group["betas"], group["lr"], group["weight_decay"], group["eps"]
    adamw(
        [parameter_rows],
        [gradient],
        [exp_avg_rows],
        [exp_avg_sq_rows],
        [],
        [state["step"]],
        beta1=beta1,
        beta2=beta2,
        lr=lr,
        weight_decay=weight_decay,
        eps=eps,
        amsgrad=False,
        maximize=False,
        fused=True,
    )
    for tensor, values in zip(tensors, (parameter_rows, exp_avg_rows, exp_avg_sq_rows), strict=True):
        tensor.index_copy_(0, rows, values)
