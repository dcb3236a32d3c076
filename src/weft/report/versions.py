"""The versions behind the page: the commit, the data, the model, and the parameters that differ from the commit."""

from dataclasses import dataclass
from pathlib import Path

from weft.checkout import (
    LOCK_FILE,
    PARAMS_FILE,
    has_uncommitted_changes,
    read_commit,
    read_committed_params,
    read_lock,
    read_params,
)

_DATA_OUTS = ("data/prepared", "data/documents")
_WRITTEN_BY_RUNS = (PARAMS_FILE, LOCK_FILE)
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
    commit, data = read_commit(root), _read_data_digest(root)
    if not commit:
        return Versions(data=data)
    committed, current = read_committed_params(root), read_params(root)
    changed = tuple(
        ChangedParameter(key, str(current.get(key, _ABSENT)), str(committed.get(key, _ABSENT)))
        for key in sorted(committed.keys() | current.keys())
        if committed and committed.get(key, _ABSENT) != current.get(key, _ABSENT)
    )
    return Versions(commit, has_uncommitted_changes(root, _WRITTEN_BY_RUNS), data, changed)


def _read_data_digest(root: Path) -> str:
    outs = {path: md5 for stage in read_lock(root).stages.values() for path, md5 in stage.outs.items()}
    return " ".join(outs[path] for path in _DATA_OUTS if outs.get(path))
