"""The versions behind the page: the commit, the data, the model, and the parameters that differ from the commit."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PARAMS, LOCK = "params.yaml", "dvc.lock"
_DATA_OUTS = ("data/prepared", "data/documents")
_WRITTEN_BY_RUNS = (PARAMS, LOCK)
"""Files that a run may change without a change of the code; changed parameters are listed one by one."""
_ABSENT = "not set"


@dataclass(frozen=True)
class ChangedParameter:
    """One parameter whose value is not the one of the commit."""

    key: str
    value: str
    committed: str


@dataclass(frozen=True)
class Versions:
    """What a reader needs to make the same page again, besides the model's digest."""

    commit: str = ""
    """The commit of the code; empty outside a git repository."""
    has_uncommitted_changes: bool = False
    """Whether a file differs from the commit, apart from params.yaml and dvc.lock."""
    data: str = ""
    """The digests of the prepared photos and of the documents in dvc.lock; empty where DVC did not run the stages."""
    parameters: tuple[ChangedParameter, ...] = ()
    """Parameters that differ from params.yaml of the commit, by key."""


def read_versions(root: Path) -> Versions:
    """Read the versions of the project in `root`; what git or DVC does not know is empty."""
    commit = _run_git(root, "rev-parse", "--verify", "--quiet", "HEAD").strip()
    if not commit:
        return Versions(data=_read_data_digest(root))
    excluded = [f":(exclude){name}" for name in _WRITTEN_BY_RUNS]
    status = _run_git(root, "status", "--porcelain", "--", ".", *excluded)
    committed = _flatten(_parse_yaml(_run_git(root, "show", f"HEAD:./{PARAMS}")))
    current = _flatten(_parse_yaml(_read_text(root / PARAMS)))
    changed = tuple(
        ChangedParameter(key, str(current.get(key, _ABSENT)), str(committed.get(key, _ABSENT)))
        for key in sorted(committed.keys() | current.keys())
        if committed and committed.get(key, _ABSENT) != current.get(key, _ABSENT)
    )
    return Versions(commit, bool(status.strip()), _read_data_digest(root), changed)


def _run_git(root: Path, *arguments: str) -> str:
    """Return what git prints; empty if it fails or is not installed."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _read_data_digest(root: Path) -> str:
    lock = _parse_yaml(_read_text(root / LOCK))
    stages = lock.get("stages")
    md5_by_path = {
        out.get("path"): str(out.get("md5", ""))
        for stage in (stages.values() if isinstance(stages, Mapping) else ())
        for out in ((stage.get("outs") or ()) if isinstance(stage, Mapping) else ())
        if isinstance(out, Mapping)
    }
    return " ".join(md5_by_path[path] for path in _DATA_OUTS if md5_by_path.get(path))


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _parse_yaml(text: str) -> Mapping[str, Any]:
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return values if isinstance(values, Mapping) else {}


def _flatten(values: Mapping[str, Any]) -> dict[str, Any]:
    return dict(_iter_leaves(values, ""))


def _iter_leaves(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _iter_leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
