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


class SGDByRows(torch.optim.SGD):
    """SGD with momentum and weight decay, by rows where the gradient is sparse."""

    def __init__(self, params: Iterable[Any], lr: float, *, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        """As torch's."""
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay, fused=True)
        self._step_supports_amp_scaling = False  # see AdamWByRows

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step."""
        sparse = _take_sparse(self.param_groups)
        loss: float | None = super().step(closure)
        for parameter, rows, gradient, group in sparse:
            _sgd(parameter, rows, gradient, group, self.state[parameter])
        return loss


class AdamWByRows(torch.optim.AdamW):
    """AdamW, by rows where the gradient is sparse; the step of the bias correction counts every step."""

    def __init__(self, params: Iterable[Any], lr: float, *, weight_decay: float) -> None:
        """As torch's."""
        super().__init__(params, lr=lr, weight_decay=weight_decay, fused=True)
        # A GradScaler leaves unscaling to fused kernels, which never see the sparse rows: let it do so before.
        self._step_supports_amp_scaling = False

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step."""
        sparse = _take_sparse(self.param_groups)
        loss: float | None = super().step(closure)
        for parameter, rows, gradient, group in sparse:
            _adamw(parameter, rows, gradient, group, self.state[parameter])
        return loss


_Sparse = tuple[torch.nn.Parameter, torch.Tensor, torch.Tensor, dict[str, Any]]


def _take_sparse(groups: list[dict[str, Any]]) -> list[_Sparse]:
    """Take sparse gradients off their parameters, so that torch steps over the others: (parameter, rows, values)."""
    taken = []
    for group in groups:
        for parameter in group["params"]:
            gradient = parameter.grad
            if gradient is None:
                continue
            if gradient.is_sparse:
                taken.append((parameter, *_rows_of(gradient), group))
                parameter.grad = None
            elif gradient.stride() != parameter.stride():
                # Fused kernels on a CPU walk both as they lie in memory, and mix up the numbers without a word.
                parameter.grad = torch.empty_like(parameter).copy_(gradient)
    return taken


def _rows_of(gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Each row once, and its values. Summing up rows copies them all, so it is left out where none repeats."""
    rows, values = gradient._indices()[0], gradient._values()
    if len(torch.unique(rows)) == len(rows):
        return rows, values
    gradient = gradient.coalesce()
    return gradient.indices()[0], gradient.values()


@torch.no_grad()
def _sgd(
    words: torch.Tensor, rows: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any], state: dict[str, Any]
) -> None:
    if group["weight_decay"]:
        gradient = gradient.add(words.index_select(0, rows), alpha=group["weight_decay"])
    if group["momentum"]:
        if not state:
            state["momentum_buffer"] = torch.zeros_like(words)
        gradient = state["momentum_buffer"].index_select(0, rows).mul_(group["momentum"]).add_(gradient)
        state["momentum_buffer"].index_copy_(0, rows, gradient)
    words.index_add_(0, rows, gradient, alpha=-group["lr"])


@torch.no_grad()
def _adamw(
    words: torch.Tensor, rows: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any], state: dict[str, Any]
) -> None:
    if not state:
        state["step"] = torch.zeros((), device=words.device)
        state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(words), torch.zeros_like(words)
    moved = (words, state["exp_avg"], state["exp_avg_sq"])
    own, first, second = (tensor.index_select(0, rows) for tensor in moved)
    (beta1, beta2), rate, decay, eps = group["betas"], group["lr"], group["weight_decay"], group["eps"]
    adamw(
        [own],
        [gradient],
        [first],
        [second],
        [],
        [state["step"]],
        beta1=beta1,
        beta2=beta2,
        lr=rate,
        weight_decay=decay,
        eps=eps,
        amsgrad=False,
        maximize=False,
        fused=True,
    )
    for tensor, values in zip(moved, (own, first, second), strict=True):
        tensor.index_copy_(0, rows, values)
