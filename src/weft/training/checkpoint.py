"""Training checkpoints in var/: tensors and plain values only, atomic, so that a killed stage goes on.

The one before is kept: where the newest is damaged, training goes on from there. A checkpoint belongs to its
fingerprint (params and input data); another fingerprint starts anew.
"""

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from weft import tables
from weft.progress import log_line

_LATEST_FILE, _PREVIOUS_FILE = "checkpoint.pt", "checkpoint.before.pt"


def compute_fingerprint(*parts: object) -> str:
    """A digest of whatever the training depends on, by its repr."""
    return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()


def hash_weights(model: nn.Module) -> str:
    """Names these very weights: sha256 of all tensors of the model's state."""
    hasher = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        hasher.update(name.encode())
        hasher.update(tensor.detach().cpu().contiguous().numpy())
    return hasher.hexdigest()


def save_checkpoint(folder: Path, fingerprint: str, state: dict[str, Any]) -> None:
    """Write the checkpoint in one rename; the newest until now becomes the one before.

    A kill between the two renames leaves the one before, which is whole.
    """
    latest = folder / _LATEST_FILE
    with tables.atomic_write(latest) as temporary:
        torch.save({"belongs_to": fingerprint, **state}, temporary)
        if latest.exists():
            latest.replace(folder / _PREVIOUS_FILE)


def load_checkpoint(folder: Path, fingerprint: str) -> dict[str, Any] | None:
    """The newest state of this very training that is whole, or None.

    A damaged file, or one with anything but tensors and plain values in it, is told of and passed over.
    """
    for path in (folder / _LATEST_FILE, folder / _PREVIOUS_FILE):
        if not path.exists():
            continue
        try:
            state = _read_checkpoint(path)
        except Exception as error:  # noqa: BLE001  damaged bytes make torch raise whatever its reader trips over
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            log_line(f"warning: {path}: not a whole checkpoint of tensors and plain values, not used: {reason}")
            continue
        if state.get("belongs_to") == fingerprint:
            return state
    return None


def delete_checkpoint(folder: Path) -> None:
    """Training is done and its out written: the next run of the stage starts anew."""
    for name in (_LATEST_FILE, _PREVIOUS_FILE):
        (folder / name).unlink(missing_ok=True)


def _read_checkpoint(path: Path) -> dict[str, Any]:
    # Torch reads tensors without looking at their checksums.
    with zipfile.ZipFile(path) as archive:
        damaged_member = archive.testzip()
    if damaged_member:
        raise ValueError(f"{damaged_member} has changed")
    state = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise ValueError(f"wanted a mapping, found {type(state).__name__}")
    return state
