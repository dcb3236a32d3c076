"""MLflow: the only module that imports it. Logging never stops the work: a tracker that is down costs a warning."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Run:
    """One tracked run of one stage."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log numbers, per epoch where `step` is given."""

    def log_file(self, path: Path) -> None:
        """Log a file of the stage's report."""


@contextmanager
def stage_run(stage: str, settings: Any) -> Iterator[Run]:
    """A tracked run of `stage` with the params `settings`."""
    yield Run()
