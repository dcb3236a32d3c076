"""What an epoch tells, and the history file made of it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from weft import tables
from weft.progress import log_line


@dataclass(frozen=True)
class EpochMetrics:
    """One epoch of training."""

    epoch: int
    """From 1; 0 is the model before its first step."""
    train_loss: float
    """Mean of the training loss over the epoch's photos; NaN at epoch 0."""
    val_loss: float
    """The loss that is trained, on val and without its noise. Lower is better."""
    learning_rate: float
    """Of W, at the end of the epoch."""
    max_photo_repeats: int = 0
    """How often the photo that occurred most often occurred in the epoch; 0 at epoch 0."""
    num_capped_photos: int = 0
    """Photos that occurred less often than the sampling distribution asks, because of the limit on repeats."""


@dataclass(frozen=True)
class EpochTiming:
    """What an epoch cost: for MLflow and the terminal, never for an out."""

    seconds: float
    data_wait_seconds: float
    photos_per_second: float


def log_epoch(stage: str, metrics: EpochMetrics, timing: EpochTiming) -> None:
    """Say in one line how an epoch went."""
    repeats_text = f", a photo up to {metrics.max_photo_repeats} times" if metrics.max_photo_repeats > 1 else ""
    repeats_text += f" ({metrics.num_capped_photos:,} held back)" if metrics.num_capped_photos else ""
    log_line(
        f"{stage}, epoch {metrics.epoch}: train loss {metrics.train_loss:.3f}, val loss {metrics.val_loss:.3f}, "
        f"{timing.photos_per_second:,.0f} photos/s, {timing.seconds:.0f} s, of which {timing.data_wait_seconds:.1f} s "
        f"waiting for photos{repeats_text}"
    )


def write_history(path: Path, history: Iterable[EpochMetrics]) -> None:
    """Write history.csv: a function of the inputs alone, so without seconds."""
    frame = pd.DataFrame([asdict(record) for record in history])
    tables.write_text(path, frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
