"""Batch norms folded into the convolutions before them: the same z from a network that does not learn, in less time.

In eval mode a batch norm is a scale and a shift per channel, which the convolution before it can do as it goes. On a
CPU, where each batch norm is a walk through memory of its own, the first blocks of mobilenet_v2 take half the time
without, the whole of it six tenths. torch.fx does the folding (torch.fx.experimental.optimization.fuse).
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from torch import nn
from torch.fx.experimental.optimization import fuse
from torch.fx.proxy import TraceError

_TRACE_ERRORS = (TraceError, TypeError, ValueError, AttributeError, NotImplementedError, RuntimeError)
"""What a forward pass raises whose course depends on what it sees; the layers of timm do."""


def fuse_batch_norm(module: nn.Module) -> nn.Module:
    """A copy of a module in eval mode that computes the same up to the last digits.

    A module without batch norms, or one that cannot be followed, comes back itself. The copy follows neither later
    training nor later loading of the module.
    """
    if not any(isinstance(part, nn.BatchNorm2d) for part in module.modules()):
        return module
    try:
        return fuse(module)
    except _TRACE_ERRORS:
        return module


@contextmanager
def fused_forward(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Modules compute as their folded copies while this is open; their tensors, and the names of these, stay.

    Args:
        modules: In eval mode, with weights that nobody changes meanwhile.
    """
    with ExitStack() as stack:
        for module in modules:
            fused = fuse_batch_norm(module)
            if fused is not module:
                # An attribute of the instance goes before the method, and is no part of its state.
                module.__dict__["forward"] = fused.forward
                stack.callback(module.__dict__.pop, "forward")
        yield
