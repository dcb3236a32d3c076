"""Assemble batches in threads and copy them to the device one batch ahead of the step that computes with them.

On a CUDA device the threads copy each batch to page-locked memory, and a stream of its own copies it to the device
while the step before it computes. On a CPU nothing is copied. Embedding and training share this one path.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import torch

from weft.prefetch import prefetch

Item = TypeVar("Item")
Batch = TypeVar("Batch")


def prefetch_to_device(
    assemble: Callable[[Item], Batch], items: Iterable[Item], workers: int, device: str
) -> Iterator[Batch]:
    """Yield `assemble(item)` of each item, in order, with all its tensors on the device.

    Args:
        assemble: Called in the threads; returns a batch whose tensors are on the CPU. Tensors are found in tuples,
            lists and dataclasses, and everything else stays as it is.
        items: Read in the thread of the reader, at most workers + 2 of them ahead of it.
        workers: Number of threads, at least 1; the batches do not depend on it.
        device: The torch device.
    """
    target = torch.device(device)
    if target.type != "cuda":
        for batch in prefetch(assemble, items, workers):
            yield map_tensors(batch, lambda tensor: tensor.to(target))
        return

    def assemble_pinned(item: Item) -> Batch:
        with torch.cuda.device(target):
            pinned: Batch = map_tensors(assemble(item), lambda tensor: tensor.pin_memory())
            return pinned

    yield from _copy_ahead(prefetch(assemble_pinned, items, workers), target)


def _copy_ahead(batches: Iterable[Batch], device: torch.device) -> Iterator[Batch]:
    """Yield batches of pinned tensors on a CUDA device; the copy of the next one has started by then."""
    copy_stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    waiting: tuple[Batch, torch.cuda.Event] | None = None
    for batch in batches:
        with torch.cuda.stream(copy_stream):
            copied = map_tensors(batch, lambda tensor: tensor.to(device, non_blocking=True))
            done = copy_stream.record_event()
        if waiting is not None:
            yield _hand_over(*waiting, device)
        waiting = copied, done
    if waiting is not None:
        yield _hand_over(*waiting, device)


def _hand_over(batch: Batch, done: torch.cuda.Event, device: torch.device) -> Batch:
    """Return the batch after letting the reader's stream, not the CPU, wait for the end of its copy."""
    compute_stream = torch.cuda.current_stream(device)
    compute_stream.wait_event(done)

    def mark_used(tensor: torch.Tensor) -> torch.Tensor:
        # Otherwise the allocator could give the memory to the next copy while the step still reads it.
        tensor.record_stream(compute_stream)
        return tensor

    marked: Batch = map_tensors(batch, mark_used)
    return marked


def map_tensors(value: Any, function: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """Return `value` with `function` applied to each tensor in its tuples, lists and dataclasses."""
    if isinstance(value, torch.Tensor):
        return function(value)
    if isinstance(value, tuple | list):
        mapped = [map_tensors(inner, function) for inner in value]
        return type(value)(*mapped) if hasattr(value, "_fields") else type(value)(mapped)
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)]
        changed = {name: map_tensors(getattr(value, name), function) for name in names}
        return replace(value, **{name: new for name, new in changed.items() if new is not getattr(value, name)})
    return value
