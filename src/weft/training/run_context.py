"""The device, threads, processes and folder with which a training runs."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from weft import runtime
from weft.process_group import SINGLE_PROCESS, ProcessGroup


def _ignore_steps(_step: int, _loss: float) -> None:
    """Do nothing with the loss of a step."""


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """The resources of a training that are not set in params.yaml; they are not part of its fingerprint."""

    device: str
    """The torch device to compute on."""
    workers: int
    """Number of threads that decode photos before the training step needs them, at least 1."""
    state_dir: Path
    """Folder of the checkpoints and of temporary files, which are deleted at the end of the stage."""
    process_group: ProcessGroup = SINGLE_PROCESS
    """All processes that train together; only the main process writes files."""
    compile_backend: str = ""
    """A backend of torch.compile, such as "inductor"; empty for none."""
    checkpoint_seconds: float = math.inf
    """Maximum age of a checkpoint inside an epoch, in seconds; every epoch also ends with a checkpoint."""
    on_steps: Callable[[int, float], None] = _ignore_steps
    """Called in finetune after every few steps with the number of the step and the mean training loss since then."""

    @classmethod
    def from_environment(
        cls,
        state_dir: Path,
        process_group: ProcessGroup = SINGLE_PROCESS,
        on_steps: Callable[[int, float], None] = _ignore_steps,
    ) -> "RunContext":
        """Return a context whose device, threads and checkpoints are those of WEFT_DEVICE, WEFT_WORKERS and so on.

        Raises:
            InputError: A variable has an invalid value.
        """
        return cls(
            device=runtime.device(),
            workers=runtime.workers(),
            state_dir=state_dir,
            process_group=process_group,
            compile_backend=runtime.compile_backend(),
            checkpoint_seconds=runtime.checkpoint_seconds(),
            on_steps=on_steps,
        )
