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
from weft.progress import say

_NEWEST, _BEFORE = "checkpoint.pt", "checkpoint.before.pt"


def fingerprint(*parts: object) -> str:
    """A digest of whatever the training depends on, by its repr."""
    return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()


def weights_digest(model: nn.Module) -> str:
    """Names these very weights: sha256 of all tensors of the model's state."""
    whole = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        whole.update(name.encode())
        whole.update(tensor.detach().cpu().contiguous().numpy())
    return whole.hexdigest()


def save_checkpoint(folder: Path, belongs_to: str, state: dict[str, Any]) -> None:
    """Write the checkpoint in one rename; the newest until now becomes the one before.

    A kill between the two renames leaves the one before, which is whole.
    """
    newest = folder / _NEWEST
    with tables.atomic(newest) as temporary:
        torch.save({"belongs_to": belongs_to, **state}, temporary)
        if newest.exists():
            newest.replace(folder / _BEFORE)


def load_checkpoint(folder: Path, belongs_to: str) -> dict[str, Any] | None:
    """The newest state of this very training that is whole, or None.

    A damaged file, or one with anything but tensors and plain values in it, is told of and passed over.
    """
    for path in (folder / _NEWEST, folder / _BEFORE):
        if not path.exists():
            continue
        try:
            state = _read(path)
        except Exception as error:  # noqa: BLE001  damaged bytes make torch raise whatever its reader trips over
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            say(f"warning: {path}: not a whole checkpoint of tensors and plain values, not used: {reason}")
            continue
        if state.get("belongs_to") == belongs_to:
            return state
    return None


def forget_checkpoint(folder: Path) -> None:
    """Training is done and its out written: the next run of the stage starts anew."""
    for name in (_NEWEST, _BEFORE):
        (folder / name).unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    # Torch reads tensors without looking at their checksums.
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged:
        raise ValueError(f"{damaged} has changed")
    state = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise ValueError(f"wanted a mapping, found {type(state).__name__}")
    return state
