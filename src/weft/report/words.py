"""The words: how many are kept, what was dropped and why, which photos tell best and least."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from weft import artefacts
from weft.contracts import files
from weft.errors import ContractError
from weft.report.reading import missing

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
    """Gather the dropped words of clean and vocabulary, and how visual fit_words found the others.

    Raises:
        ContractError: A list is missing or broken.
    """
    dropped = [
        *_reasons("clean", clean, "token", "count"),
        *_reasons("vocabulary", vocabulary, "word", "document_frequency"),
    ]
    measured = artefacts.read_visualness(fitted / files.VISUALNESS)
    known = measured[measured["expected"].notna() & measured["visualness"].notna()]
    ordered = known.sort_values(["expected", "word_id"], ascending=[False, True])
    told = [Told(str(word), float(value)) for word, value in zip(ordered["word"], ordered["expected"], strict=True)]
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
