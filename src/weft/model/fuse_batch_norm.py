"""Fuse batch norms into the convolutions before them, so that a network in eval mode gives the same z in less time.

In eval mode a batch norm scales and shifts each channel, which the weights of the convolution before it can include.
On a CPU each batch norm costs one pass over the feature map: without them the first blocks of mobilenet_v2 take half
the time, and the whole network takes 60 % of it. torch.fx.experimental.optimization.fuse does the work.

On a GPU nothing is fused: it computes with rounded weights (float16, bfloat16 or TF32), and rounding fused weights
changes z five to ten times as much as rounding the weights as they were trained (docs/decisions/0102).
"""

import copy
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from torch import nn
from torch.fx.experimental.optimization import fuse
from torch.fx.proxy import TraceError

_TRACE_ERRORS = (TraceError, TypeError, ValueError, AttributeError, NotImplementedError, RuntimeError)
"""What torch.fx raises when it traces a forward pass whose control flow depends on its input, as in layers of timm."""


def fuse_batch_norm(module: nn.Module) -> nn.Module:
    """Return a copy of a module in eval mode, without batch norms, whose output differs only by rounding.

    A module on a GPU, without batch norms, or that torch.fx cannot trace, is returned itself. The copy does not change
    when the module is trained or loads other weights.
    """
    is_on_gpu = any(tensor.is_cuda for tensor in module.parameters())
    if is_on_gpu or not any(isinstance(part, nn.BatchNorm2d) for part in module.modules()):
        return module
    try:
        # A copy of a network with another pooling than its own is in training mode, which `fuse` refuses.
        return fuse(copy.deepcopy(module).eval(), inplace=True)
    except _TRACE_ERRORS:
        return module


@contextmanager
def fused_forward(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Let modules compute with their fused copies inside the context; their parameters and state dict do not change.

    Args:
        modules: Modules in eval mode, whose weights must not change inside the context.
    """
    with ExitStack() as stack:
        for module in modules:
            fused = fuse_batch_norm(module)
            if fused is not module:
                # An attribute of the instance takes precedence over the method, and is not part of the state dict.
                module.__dict__["forward"] = fused.forward
                stack.callback(module.__dict__.pop, "forward")
        yield
