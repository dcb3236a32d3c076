"""The stages before evaluate, for the page: the crawl of each shop, the words, and the training histories."""

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
from weft.report.number_forms import drop_plurals
from weft.report.readers import missing_file_error, read_json

_COUNT = TypeAdapter(Annotated[int, Field(ge=0)])
_SHARE = TypeAdapter(Annotated[float, Field(ge=0.0, le=1.0)])
_COVERAGE_PREFIX = "coverage_"
MAX_DROPPED_EXAMPLES = 12
MAX_PREDICTABLE_WORDS = 30
HISTORY_COLUMNS = ("epoch", "train_loss", "val_loss", "learning_rate")


@dataclass(frozen=True)
class ShopCrawl:
    """The crawl statistics of one shop."""

    name: str
    products: int
    photos: int
    photos_failed: int
    """Photos of products that could not be downloaded."""
    coverage: dict[str, float]
    """Field to the share of products that have it."""
    failures: dict[str, int]
    """Reason to the number of pages or photos."""


def read_crawl(crawl: Path) -> tuple[ShopCrawl, ...]:
    """Read the shops of a crawl from its report.json, sorted by name.

    Raises:
        ContractError: The file is missing, or the crawl did not write it.
    """
    path = crawl / files.REPORT
    report = read_json(path, "crawl")
    try:
        return tuple(_shop(name, values) for name, values in sorted(report["shops"].items()))
    except (KeyError, AttributeError, TypeError, ValidationError) as error:
        raise ContractError(f"{path}: not a report of the crawl: {error}; run the stage crawl") from error


def _shop(name: str, values: dict[str, Any]) -> ShopCrawl:
    fields = {key.removeprefix(_COVERAGE_PREFIX): values[key] for key in values if key.startswith(_COVERAGE_PREFIX)}
    return ShopCrawl(
        name,
        _COUNT.validate_python(values["products"]),
        _COUNT.validate_python(values["photos"]),
        _COUNT.validate_python(values["photos_failed"]),
        {field: _SHARE.validate_python(share) for field, share in fields.items()},
        {reason: _COUNT.validate_python(count) for reason, count in values["failures"].items()},
    )


@dataclass(frozen=True)
class DroppedWords:
    """The words that one stage dropped for one reason."""

    stage: str
    reason: str
    n_words: int
    """The number of different words."""
    examples: tuple[str, ...]
    """The most frequent ones."""


@dataclass(frozen=True)
class PredictableWord:
    """A word and how well photos predict it."""

    word: str
    somers_d: float
    """1: every photo with the word scores higher than all others; 0: no better than chance. Shrunk to the mean."""


@dataclass(frozen=True)
class WordsSection:
    """The dropped words, and the words that photos predict best and worst."""

    dropped: tuple[DroppedWords, ...]
    predictable_words: tuple[PredictableWord, ...]
    """Best first."""
    unpredictable_words: tuple[PredictableWord, ...]
    """Worst first."""


def read_words(clean: Path, vocabulary: Path, head: Path) -> WordsSection:
    """Read the dropped words of clean and vocabulary, and the predictability of the others from train_head.

    Raises:
        ContractError: A file is missing or broken.
    """
    dropped = [
        *_read_dropped("clean", clean, "token", "count"),
        *_read_dropped("vocabulary", vocabulary, "word", "document_frequency"),
    ]
    table = artefacts.read_word_predictability(head / files.WORD_PREDICTABILITY)
    measured = table[table["somers_d_shrunk"].notna() & table["somers_d"].notna()]
    ordered = measured.sort_values(["somers_d_shrunk", "word_id"], ascending=[False, True])
    somers_d = dict(zip(map(str, ordered["word"]), map(float, ordered["somers_d_shrunk"]), strict=True))
    words = [PredictableWord(word, somers_d[word]) for word in drop_plurals(somers_d)]
    n_shown = min(MAX_PREDICTABLE_WORDS, len(words) // 2)
    return WordsSection(tuple(dropped), tuple(words[:n_shown]), tuple(reversed(words[len(words) - n_shown :])))


def _read_dropped(stage: str, folder: Path, word: str, frequency: str) -> list[DroppedWords]:
    """Return the dropped words by reason; the reason with the most words comes first."""
    counts: dict[str, int] = {}
    frequent: dict[str, list[tuple[float, str]]] = {}
    for row in _read_tsv(folder / files.DROPPED, stage, (word, "reason", frequency)):
        reason = row["reason"]
        counts[reason] = counts.get(reason, 0) + 1
        examples = frequent.setdefault(reason, [])
        examples.append((-_to_number(row[frequency]), row[word]))
        if len(examples) > 50 * MAX_DROPPED_EXAMPLES:
            frequent[reason] = sorted(examples)[:MAX_DROPPED_EXAMPLES]
    return [
        DroppedWords(
            stage, reason, counts[reason], tuple(text for _, text in sorted(frequent[reason])[:MAX_DROPPED_EXAMPLES])
        )
        for reason in sorted(counts, key=lambda reason: (-counts[reason], reason))
    ]


def _read_tsv(path: Path, stage: str, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            absent = set(columns) - set(reader.fieldnames or ())
            if absent:
                raise ContractError(f"{path}: lacks the column {', '.join(sorted(absent))} (written by {stage})")
            for row in reader:
                if any(row[name] is None for name in columns):
                    raise ContractError(f"{path}, line {reader.line_num}: too few cells (written by {stage})")
                yield row
    except FileNotFoundError as error:
        raise missing_file_error(path, stage) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ContractError(f"{path}: not readable: {error}; run the stage {stage}") from error


def _to_number(cell: str) -> float:
    return float(cell) if cell.replace(".", "", 1).isdigit() else 0.0


@dataclass(frozen=True)
class History:
    """The epochs of one training stage."""

    stage: str
    columns: tuple[str, ...]
    """HISTORY_COLUMNS, then the other columns of the file."""
    rows: tuple[tuple[float | None, ...], ...]
    """One per epoch; None where a cell is empty, such as the training loss of epoch 0, the model before training."""

    def column(self, name: str) -> list[float | None]:
        """Return the values of one column, one per epoch."""
        index = self.columns.index(name)
        return [row[index] for row in self.rows]

    def shown_columns(self) -> list[str]:
        """Return the columns to show: those that are not zero or empty in every epoch."""
        return [name for name in self.columns if name in HISTORY_COLUMNS or any(self.column(name))]

    def shown_rows(self) -> list[tuple[float | None, ...]]:
        """Return the cells of `shown_columns`, one row per epoch."""
        return list(zip(*(self.column(name) for name in self.shown_columns()), strict=True))


def read_history(stage: str, path: Path) -> History:
    """Read history.csv of the training stage `stage`.

    Raises:
        ContractError: The file is missing, lacks a column, has no epoch, or a cell is not a finite number.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            lines = list(csv.reader(stream))
    except FileNotFoundError as error:
        raise missing_file_error(path, stage) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ContractError(f"{path}: not readable as CSV: {error}; run the stage {stage}") from error
    header = lines[0] if lines else []
    absent = [name for name in HISTORY_COLUMNS if name not in header]
    if absent:
        raise ContractError(f"{path}: lacks the column {', '.join(absent)}; has {header} (written by {stage})")
    if len(lines) < 2:
        raise ContractError(f"{path}: expected at least one epoch, got none; run the stage {stage} again")
    columns = (*HISTORY_COLUMNS, *(name for name in header if name not in HISTORY_COLUMNS))
    indices = [header.index(name) for name in columns]
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(header):
            raise ContractError(f"{path}, line {number}: expected {len(header)} cells, got {len(line)} (from {stage})")
        rows.append(tuple(_parse_cell(line[index], path, number, header[index]) for index in indices))
    return History(stage, columns, tuple(rows))


def _parse_cell(cell: str, path: Path, line: int, column: str) -> float | None:
    if cell == "" and column != "epoch":
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ContractError(f"{path}, line {line}: {column}: expected a finite number, got {cell[:40]!r}")
    return value
