"""The processes that torchrun started for one stage, as one group; without a launcher it is one process alone.

torchrun names rank and count in the environment. Process 0 leads: it alone logs and writes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Processes:
    """Which process this is, and of how many."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the one that logs and writes."""
        return self.rank == 0

    def wait(self) -> None:
        """Go on when all are here."""
        if self.count > 1:
            import torch.distributed

            torch.distributed.barrier()

    def collect(self, mine: Any) -> list[Any]:
        """What each process hands over, in order of rank, at the leader; nothing at the others. Any picklable value."""
        if self.count == 1:
            return [mine]
        import torch.distributed

        handed: list[Any] | None = [None] * self.count if self.leads else None
        torch.distributed.gather_object(mine, handed)
        return handed or []


ALONE = Processes()


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Meet the processes that torchrun started, over gloo on CPUs and nccl on GPUs; alone where none did."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    import torch
    import torch.distributed

    if device.startswith("cuda"):
        torch.cuda.set_device(device)
    torch.distributed.init_process_group("cpu:gloo,cuda:nccl" if device.startswith("cuda") else "gloo")
    try:
        yield Processes(torch.distributed.get_rank(), torch.distributed.get_world_size())
    finally:
        torch.distributed.destroy_process_group()
