"""The processes that torchrun started for one stage, as one group; without a launcher it is one process alone.

torchrun names rank and count in the environment. Process 0 leads: it alone logs and writes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ProcessGroup:
    """Which process this is, and of how many."""

    rank: int = 0
    world_size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the one that logs and writes."""
        return self.rank == 0

    def barrier(self) -> None:
        """Go on when all are here."""
        if self.world_size > 1:
            import torch.distributed

            torch.distributed.barrier()

    def gather(self, value: Any) -> list[Any]:
        """What each process hands over, in order of rank, at the leader; nothing at the others. Any picklable value."""
        if self.world_size == 1:
            return [value]
        import torch.distributed

        gathered: list[Any] | None = [None] * self.world_size if self.is_main else None
        torch.distributed.gather_object(value, gathered)
        return gathered or []


SINGLE_PROCESS = ProcessGroup()


@contextmanager
def init_process_group(device: str) -> Iterator[ProcessGroup]:
    """Meet the processes that torchrun started, over gloo on CPUs and nccl on GPUs; alone where none did."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield SINGLE_PROCESS
        return
    import torch
    import torch.distributed

    if device.startswith("cuda"):
        torch.cuda.set_device(device)
    torch.distributed.init_process_group("cpu:gloo,cuda:nccl" if device.startswith("cuda") else "gloo")
    try:
        yield ProcessGroup(torch.distributed.get_rank(), torch.distributed.get_world_size())
    finally:
        torch.distributed.destroy_process_group()
