"""Contexts for trainings in tests."""

from pathlib import Path
from typing import Any

from weft.training.run_context import RunContext


class KilledError(Exception):
    """Stands for a kill -9 in the middle of a training."""


def in_folder(state_dir: Path, workers: int = 1, device: str = "cpu", **changes: Any) -> RunContext:
    return RunContext(device=device, workers=workers, state_dir=state_dir, **changes)
