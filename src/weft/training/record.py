"""What an epoch tells, and the history file made of it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from weft import tables
from weft.progress import say


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of training."""

    epoch: int
    """From 1; 0 is the model before its first step."""
    train_loss: float
    """Mean of the training loss over the epoch's photos; NaN at epoch 0."""
    val_loss: float
    """The loss that is trained, on val and without its noise. Lower is better."""
    learning_rate: float
    """Of W, at the end of the epoch."""
    most_draws: int = 0
    """How often the photo that came most often came in the epoch; 0 at epoch 0."""
    capped_photos: int = 0
    """Photos that `most_draws` of the params kept from coming as often as `balance` has it."""


@dataclass(frozen=True)
class EpochCost:
    """What an epoch cost: for MLflow and the terminal, never for an out."""

    seconds: float
    data_wait_seconds: float
    photos_per_second: float


def describe(stage: str, record: EpochRecord, cost: EpochCost) -> None:
    """Say in one line how an epoch went."""
    often = f", a photo up to {record.most_draws} times" if record.most_draws > 1 else ""
    often += f" ({record.capped_photos:,} held back)" if record.capped_photos else ""
    say(
        f"{stage}, epoch {record.epoch}: train loss {record.train_loss:.3f}, val loss {record.val_loss:.3f}, "
        f"{cost.photos_per_second:,.0f} photos/s, {cost.seconds:.0f} s, of which {cost.data_wait_seconds:.1f} s "
        f"waiting for photos{often}"
    )


def write_history(path: Path, records: Iterable[EpochRecord]) -> None:
    """Write history.csv: a function of the inputs alone, so without seconds."""
    frame = pd.DataFrame([asdict(record) for record in records])
    tables.write_text(path, frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
