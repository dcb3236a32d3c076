"""The metrics of each epoch, and the file history.csv that contains them."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from weft import tables
from weft.progress import log_line


@dataclass(frozen=True)
class EpochMetrics:
    """The metrics of one epoch, a row of history.csv."""

    epoch: int
    """Number of the epoch, from 1; 0 is the model before its first step."""
    train_loss: float
    """Mean training loss over the photos of the epoch; NaN at epoch 0."""
    val_loss: float
    """Mean loss over the photos of val, without negative sampling where the loss allows it; lower is better."""
    val_map_at_r: float
    """mAP@R of retrieval among the sampled photos of val, 0 to 1 (`val_metrics`); NaN without queries."""
    val_tag_precision: float
    """Precision at 5 of the words predicted for the sampled photos of val, 0 to 1; NaN without photos."""
    learning_rate: float
    """The learning rate of W at the end of the epoch."""
    max_photo_repeats: int = 0
    """Maximum number of times that one photo occurred in the epoch; 0 at epoch 0."""
    num_capped_photos: int = 0
    """Number of photos that occurred less often than sampled, because of sampling.max_photo_repeats."""


@dataclass(frozen=True)
class EpochTiming:
    """The duration of one epoch; it is logged to MLflow and the terminal and is not part of any output file."""

    seconds: float
    """Duration of the training steps; 0 at epoch 0."""
    data_wait_seconds: float
    """Time in which the training step waited for photos."""
    photos_per_second: float
    """Training photos per second of the duration; 0 at epoch 0."""
    val_seconds: float
    """Duration of the measurements on val after the steps."""


def log_epoch(stage: str, metrics: EpochMetrics, timing: EpochTiming) -> None:
    """Log one line with the metrics, the speed and the repeats of an epoch."""
    val_text = f"val loss {metrics.val_loss:.3f}, val mAP@R {metrics.val_map_at_r:.4f}, "
    val_text += f"val tag precision {metrics.val_tag_precision:.4f}"
    if metrics.epoch == 0:
        log_line(f"{stage}, before training: {val_text}, measured in {timing.val_seconds:.1f} s")
        return
    repeats_text = f", at most {metrics.max_photo_repeats} repeats of a photo" if metrics.max_photo_repeats > 1 else ""
    repeats_text += f" ({metrics.num_capped_photos:,} photos capped)" if metrics.num_capped_photos else ""
    log_line(
        f"{stage}, epoch {metrics.epoch}: train loss {metrics.train_loss:.3f}, {val_text}, "
        f"{timing.photos_per_second:,.0f} photos/s, {timing.seconds:.0f} s, of which {timing.data_wait_seconds:.1f} s "
        f"waiting for photos, then {timing.val_seconds:.1f} s on val{repeats_text}"
    )


def get_loggable_metrics(metrics: EpochMetrics, timing: EpochTiming) -> dict[str, float]:
    """Return the finite numbers of an epoch by name, as MLflow logs them; the timing of epoch 0 is left out."""
    values = asdict(metrics) | (asdict(timing) if metrics.epoch else {})
    return {name: float(value) for name, value in values.items() if math.isfinite(value)}


def write_history(path: Path, history: Iterable[EpochMetrics]) -> None:
    """Write history.csv, which has no timings, so that the same inputs give the same file."""
    frame = pd.DataFrame([asdict(record) for record in history])
    tables.write_text(path, frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
