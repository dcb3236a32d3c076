"""Where a training runs and with what resources."""

import math
from dataclasses import dataclass
from pathlib import Path

from weft.process_group import SINGLE_PROCESS, ProcessGroup


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What a training takes from its environment and not from params.yaml; it is no part of the fingerprint."""

    device: str
    """The torch device to compute on."""
    workers: int
    """Threads that decode photos ahead of the training step, at least 1."""
    state_dir: Path
    """Folder of the checkpoints and of files that are deleted when the training is finished."""
    process_group: ProcessGroup = SINGLE_PROCESS
    """All processes that train together. Only the main process writes."""
    compile_backend: str = ""
    """A backend of torch.compile, such as "inductor"; empty for none."""
    checkpoint_seconds: float = math.inf
    """Maximum age of a checkpoint inside an epoch; a checkpoint is saved at the end of every epoch in any case."""
