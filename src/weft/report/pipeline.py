"""The crawl: what came home of each shop, how many products have which field, what failed and why.

The words: how many are kept, what was dropped and why, which photos tell best and least.

history.csv of a training stage: one row per epoch, read and checked.
"""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from weft import artefacts
from weft.contracts import files
from weft.errors import ContractError
from weft.report.readers import missing, read_json

_COUNT = TypeAdapter(Annotated[int, Field(ge=0)])
_SHARE = TypeAdapter(Annotated[float, Field(ge=0.0, le=1.0)])
_PREFIX = "coverage_"


@dataclass(frozen=True)
class CrawledShop:
    """What came home of one shop."""

    name: str
    products: int
    photos: int
    photos_failed: int
    """Photos that a product names and that could not be had."""
    coverage: dict[str, float]
    """Field to the share of products with it."""
    failures: dict[str, int]
    """Reason to how many pages or photos."""


def read_crawl(crawl: Path) -> tuple[CrawledShop, ...]:
    """The shops of a snapshot by name, from its report.json.

    Raises:
        ContractError: The report is missing or is not what the crawl writes.
    """
    path = crawl / files.REPORT
    report = read_json(path, "crawl")
    try:
        return tuple(_shop(name, values) for name, values in sorted(report["shops"].items()))
    except (KeyError, AttributeError, TypeError, ValidationError) as error:
        raise ContractError(f"{path}: not what the crawl writes: {error}; run the stage crawl") from error


def _shop(name: str, values: dict[str, Any]) -> CrawledShop:
    coverage = {key.removeprefix(_PREFIX): values[key] for key in values if key.startswith(_PREFIX)}
    return CrawledShop(
        name,
        _COUNT.validate_python(values["products"]),
        _COUNT.validate_python(values["photos"]),
        _COUNT.validate_python(values["photos_failed"]),
        {field: _SHARE.validate_python(share) for field, share in coverage.items()},
        {reason: _COUNT.validate_python(count) for reason, count in values["failures"].items()},
    )


EXAMPLES_SHOWN = 12
WORDS_SHOWN = 30


@dataclass(frozen=True)
class Dropped:
    """Words left out for one reason."""

    stage: str
    reason: str
    words: int
    """Different ones."""
    examples: tuple[str, ...]
    """The most frequent."""


@dataclass(frozen=True)
class Told:
    """A word and how well photos tell it."""

    word: str
    visualness: float
    """1: all photos with the word score above all others for it; 0: no more often than not."""


@dataclass(frozen=True)
class WordsPart:
    """All that the page says of the vocabulary."""

    dropped: tuple[Dropped, ...]
    best: tuple[Told, ...]
    """Most visual first."""
    worst: tuple[Told, ...]
    """Least visual first."""


def read_words_part(clean: Path, vocabulary: Path, fitted: Path) -> WordsPart:
    """Gather the dropped words of clean and vocabulary, and how visual train_head found the others.

    Raises:
        ContractError: A list is missing or broken.
    """
    dropped = [
        *_reasons("clean", clean, "token", "count"),
        *_reasons("vocabulary", vocabulary, "word", "document_frequency"),
    ]
    measured = artefacts.read_word_predictability(fitted / files.WORD_PREDICTABILITY)
    known = measured[measured["somers_d_shrunk"].notna() & measured["somers_d"].notna()]
    ordered = known.sort_values(["somers_d_shrunk", "word_id"], ascending=[False, True])
    told = [Told(str(word), float(value)) for word, value in zip(ordered["word"], ordered["somers_d_shrunk"], strict=True)]
    shown = min(WORDS_SHOWN, len(told) // 2)
    return WordsPart(tuple(dropped), tuple(told[:shown]), tuple(reversed(told[len(told) - shown :])))


def _reasons(stage: str, folder: Path, word: str, frequency: str) -> list[Dropped]:
    """By reason, the reason with most words first."""
    counts: dict[str, int] = {}
    most: dict[str, list[tuple[float, str]]] = {}
    for row in _rows(folder / files.DROPPED, stage, (word, "reason", frequency)):
        reason = row["reason"]
        counts[reason] = counts.get(reason, 0) + 1
        kept = most.setdefault(reason, [])
        kept.append((-_number(row[frequency]), row[word]))
        if len(kept) > 50 * EXAMPLES_SHOWN:
            most[reason] = sorted(kept)[:EXAMPLES_SHOWN]
    return [
        Dropped(stage, reason, counts[reason], tuple(text for _, text in sorted(most[reason])[:EXAMPLES_SHOWN]))
        for reason in sorted(counts, key=lambda reason: (-counts[reason], reason))
    ]


def _rows(path: Path, stage: str, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            lacking = set(columns) - set(reader.fieldnames or ())
            if lacking:
                raise ContractError(f"{path}: lacks the column {', '.join(sorted(lacking))} (written by {stage})")
            for row in reader:
                if any(row[name] is None for name in columns):
                    raise ContractError(f"{path}, line {reader.line_num}: too few cells (written by {stage})")
                yield row
    except FileNotFoundError as error:
        raise missing(path, stage) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ContractError(f"{path}: not readable: {error}; run the stage {stage}") from error


def _number(cell: str) -> float:
    return float(cell) if cell.replace(".", "", 1).isdigit() else 0.0


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
        rows.append(tuple(_number_history(line[place], path, number, header[place]) for place in places))
    return History(stage, order, tuple(rows))


def _number_history(cell: str, path: Path, line: int, column: str) -> float | None:
    if cell == "" and column != "epoch":
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ContractError(f"{path}, line {line}: {column} = {cell[:40]!r}, wanted a finite number")
    return value
