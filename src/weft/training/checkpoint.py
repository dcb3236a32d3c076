"""Training checkpoints in var/: tensors and plain values only, atomic, so that a killed stage goes on.

A checkpoint belongs to its fingerprint (params and input data); another fingerprint starts anew.
"""

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import nn

from weft import tables

_FILE = "checkpoint.pt"


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
    """Write the checkpoint in one rename."""
    with tables.atomic(folder / _FILE) as temporary:
        torch.save({"belongs_to": belongs_to, **state}, temporary)


def load_checkpoint(folder: Path, belongs_to: str) -> dict[str, Any] | None:
    """The state last saved, or None when there is none, it is damaged, or it belongs to another training."""
    try:
        state = torch.load(folder / _FILE, map_location="cpu", weights_only=True)
    except Exception:  # noqa: BLE001  damaged bytes make torch raise whatever its reader trips over
        return None
    return state if isinstance(state, dict) and state.get("belongs_to") == belongs_to else None


def forget_checkpoint(folder: Path) -> None:
    """Training is done and its out written: the next run of the stage starts anew."""
    (folder / _FILE).unlink(missing_ok=True)
