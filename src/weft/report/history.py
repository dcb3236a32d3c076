"""history.csv of a training stage: one row per epoch, read and checked."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from weft.errors import ContractError
from weft.report.reading import missing

COLUMNS = ("epoch", "train_loss", "val_loss", "learning_rate")


@dataclass(frozen=True)
class History:
    """The epochs of one training stage."""

    stage: str
    columns: tuple[str, ...]
    """Beginning with COLUMNS."""
    rows: tuple[tuple[float | None, ...], ...]
    """One per epoch; None where a cell was empty, as the training loss of epoch 0 is: the model before training."""

    def column(self, name: str) -> list[float | None]:
        """The values of one column, one per epoch."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]


def read_history(stage: str, path: Path) -> History:
    """Read the history that the training stage `stage` wrote.

    Raises:
        ContractError: The file is missing, lacks a column, has no epoch, or a cell is not a finite number.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            lines = list(csv.reader(stream))
    except FileNotFoundError as error:
        raise missing(path, stage) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ContractError(f"{path}: not readable as CSV: {error}; run the stage {stage}") from error
    header = lines[0] if lines else []
    lacking = [name for name in COLUMNS if name not in header]
    if lacking:
        raise ContractError(f"{path}: lacks the column {', '.join(lacking)}; has {header} (written by {stage})")
    if len(lines) < 2:
        raise ContractError(f"{path}: no epoch in it; run the stage {stage} again")
    order = (*COLUMNS, *(name for name in header if name not in COLUMNS))
    places = [header.index(name) for name in order]
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(header):
            raise ContractError(f"{path}, line {number}: {len(line)} cells, wanted {len(header)} (written by {stage})")
        rows.append(tuple(_number(line[place], path, number, header[place]) for place in places))
    return History(stage, order, tuple(rows))


def _number(cell: str, path: Path, line: int, column: str) -> float | None:
    if cell == "" and column != "epoch":
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ContractError(f"{path}, line {line}: {column} = {cell[:40]!r}, wanted a finite number")
    return value
