"""SGD and AdamW that leave alone the rows of W a step did not touch.

torch's optimisers move every row at every step: by weight decay, by SGD's momentum, by Adam's first moment, whether or
not the row was among the sampled words. Here a sparse gradient moves its own rows alone, and their momentum and
moments stand still in between. Parameters with dense gradients are updated by torch's fused kernels: one walk through
memory instead of seven, a fifth of the time for AdamW on a CPU.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.optim.adamw import adamw


class SparseRowSGD(torch.optim.SGD):
    """SGD with momentum and weight decay, by rows where the gradient is sparse."""

    def __init__(self, params: Iterable[Any], lr: float, *, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        """As torch's."""
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay, fused=True)
        self._step_supports_amp_scaling = False  # see AdamWByRows

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step."""
        sparse_updates = _pop_sparse_gradients(self.param_groups)
        loss: float | None = super().step(closure)
        for parameter, rows, gradient, group in sparse_updates:
            _update_rows_sgd(parameter, rows, gradient, group, self.state[parameter])
        return loss


class SparseRowAdamW(torch.optim.AdamW):
    """AdamW, by rows where the gradient is sparse; the step of the bias correction counts every step."""

    def __init__(self, params: Iterable[Any], lr: float, *, weight_decay: float) -> None:
        """As torch's."""
        super().__init__(params, lr=lr, weight_decay=weight_decay, fused=True)
        # A GradScaler leaves unscaling to fused kernels, which never see the sparse rows: let it do so before.
        self._step_supports_amp_scaling = False

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step."""
        sparse_updates = _pop_sparse_gradients(self.param_groups)
        loss: float | None = super().step(closure)
        for parameter, rows, gradient, group in sparse_updates:
            _update_rows_adamw(parameter, rows, gradient, group, self.state[parameter])
        return loss


_SparseUpdate = tuple[torch.nn.Parameter, torch.Tensor, torch.Tensor, dict[str, Any]]


def _pop_sparse_gradients(groups: list[dict[str, Any]]) -> list[_SparseUpdate]:
    """Take sparse gradients off their parameters, so that torch steps over the others: (parameter, rows, values)."""
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
                # Fused kernels on a CPU walk both as they lie in memory, and mix up the numbers without a word.
                parameter.grad = torch.empty_like(parameter).copy_(gradient)
    return sparse_updates


def _coalesce_rows(gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Each row once, and its values. Summing up rows copies them all, so it is left out where none repeats."""
    rows, values = gradient._indices()[0], gradient._values()
    if len(torch.unique(rows)) == len(rows):
        return rows, values
    gradient = gradient.coalesce()
    return gradient.indices()[0], gradient.values()


@torch.no_grad()
def _update_rows_sgd(
    parameter: torch.Tensor, rows: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any], state: dict[str, Any]
) -> None:
    if group["weight_decay"]:
        gradient = gradient.add(parameter.index_select(0, rows), alpha=group["weight_decay"])
    if group["momentum"]:
        if not state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        gradient = state["momentum_buffer"].index_select(0, rows).mul_(group["momentum"]).add_(gradient)
        state["momentum_buffer"].index_copy_(0, rows, gradient)
    parameter.index_add_(0, rows, gradient, alpha=-group["lr"])


@torch.no_grad()
def _update_rows_adamw(
    parameter: torch.Tensor, rows: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any], state: dict[str, Any]
) -> None:
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
