"""What dvc.lock says about the data of a stage: digests of its inputs, and the stages that made them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

LOCK_FILE = "dvc.lock"


@dataclass(frozen=True)
class LockedStage:
    """One entry of dvc.lock."""

    deps: Mapping[str, str]
    """Path to md5."""
    outs: Mapping[str, str]
    """Path to md5."""


@dataclass(frozen=True)
class Lock:
    """The content of dvc.lock."""

    stages: Mapping[str, LockedStage]

    def find_digest(self, path: Path) -> tuple[str, str] | None:
        """Return (path, md5) of the output that is or contains `path`, else of the dependency; None if unknown."""
        for paths in [stage.outs for stage in self.stages.values()] + [stage.deps for stage in self.stages.values()]:
            for known, md5 in paths.items():
                if _is_within(path.as_posix(), known):
                    return known, md5
        return None

    def find_upstream(self, inputs: Iterable[Path]) -> dict[str, LockedStage]:
        """Return the stages that made `inputs`, and the stages before those, by name.

        DVC writes the entry of a stage when it has run, or when it was found unchanged. So these entries are current
        while a stage that reads `inputs` runs; entries of other stages may be of an older run.
        """
        found: dict[str, LockedStage] = {}
        queue = [path.as_posix() for path in inputs]
        while queue:
            path = queue.pop()
            for name, stage in self.stages.items():
                # A stage may read a folder that several stages write, such as reports/benchmarks.
                if name not in found and any(_is_within(path, out) or _is_within(out, path) for out in stage.outs):
                    found[name] = stage
                    queue += stage.deps
        return found


def read_lock(folder: Path) -> Lock:
    """Read dvc.lock in `folder`; a folder without one has no stages."""
    path = folder / LOCK_FILE
    if not path.is_file():
        return Lock({})
    stages = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("stages") or {}
    return Lock(
        {
            name: LockedStage(_read_digests(stage.get("deps")), _read_digests(stage.get("outs")))
            for name, stage in stages.items()
        }
    )


def _read_digests(entries: list[dict[str, Any]] | None) -> dict[str, str]:
    return {str(entry["path"]): str(entry.get("md5", "")) for entry in entries or ()}


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
