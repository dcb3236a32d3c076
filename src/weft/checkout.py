"""What git and DVC know about a checkout: its commit, its parameters, and the data in dvc.lock.

Outside a repository, or where a file is broken or of another version, what cannot be read is empty.
"""

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

import yaml

PARAMS_FILE = "params.yaml"
LOCK_FILE = "dvc.lock"


def run_git(*arguments: str, folder: Path) -> str:
    """Return what a git command prints; empty if it fails, or where there is no git."""
    command = ["git", *arguments]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def read_commit(folder: Path) -> str:
    """Return the hash of the checked out commit; empty outside a repository."""
    return run_git("rev-parse", "--verify", "--quiet", "HEAD", folder=folder)


def has_uncommitted_changes(folder: Path, ignored: Iterable[str] = ()) -> bool:
    """Return whether a file in `folder` differs from the commit, apart from the `ignored` ones."""
    excluded = (f":(exclude){path}" for path in ignored)
    return bool(run_git("status", "--porcelain", "--", ".", *excluded, folder=folder))


def read_params(folder: Path) -> dict[str, Any]:
    """Return the values of params.yaml by their dotted key."""
    return flatten_params(_parse_mapping(_read_text(folder / PARAMS_FILE)))


def read_committed_params(folder: Path, revision: str = "HEAD") -> dict[str, Any]:
    """Return the values of params.yaml in a commit by their dotted key; empty if the commit has no such file."""
    return flatten_params(_parse_mapping(run_git("show", f"{revision}:./{PARAMS_FILE}", folder=folder)))


def flatten_params(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested parameters by their dotted key; dataclasses count as mappings."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if is_dataclass(value) and not isinstance(value, type):
            flat |= flatten_params(asdict(value), f"{prefix}{key}.")
        elif isinstance(value, Mapping):
            flat |= flatten_params(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


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
    """Return the content of dvc.lock in `folder`; it has no stages where DVC did not run."""
    stages = _parse_mapping(_read_text(folder / LOCK_FILE)).get("stages")
    return Lock(
        {
            str(name): LockedStage(_read_digests(stage.get("deps")), _read_digests(stage.get("outs")))
            for name, stage in (stages.items() if isinstance(stages, Mapping) else ())
            if isinstance(stage, Mapping)
        }
    )


def _read_digests(entries: Any) -> dict[str, str]:
    return {
        str(entry["path"]): str(entry.get("md5", ""))
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping) and "path" in entry
    }


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _parse_mapping(text: str) -> Mapping[str, Any]:
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return values if isinstance(values, Mapping) else {}
