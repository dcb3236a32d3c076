"""The processes that torchrun started for one stage; without torchrun a group of one.

torchrun sets RANK and WORLD_SIZE in the environment. Only process 0, the main process, logs and writes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ProcessGroup:
    """The rank of this process and the number of processes."""

    rank: int = 0
    world_size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the process that logs and writes."""
        return self.rank == 0

    def barrier(self) -> None:
        """Wait until all processes have called this method."""
        if self.world_size > 1:
            import torch.distributed

            torch.distributed.barrier()

    def gather(self, value: Any) -> list[Any]:
        """Return the values of all processes in the order of their rank; an empty list unless this is the main process.

        Args:
            value: Any value that can be pickled.
        """
        if self.world_size == 1:
            return [value]
        import torch.distributed

        gathered: list[Any] | None = [None] * self.world_size if self.is_main else None
        torch.distributed.gather_object(value, gathered)
        return gathered or []


SINGLE_PROCESS = ProcessGroup()


@contextmanager
def init_process_group(device: str) -> Iterator[ProcessGroup]:
    """Join the processes of torchrun, with gloo on CPUs and NCCL on GPUs; without torchrun yield SINGLE_PROCESS."""
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
