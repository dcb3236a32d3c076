"""What calibrate found: words that may be told, how right they are on test, how far probabilities can be relied on.

The map of the words as the page shows it: dots by matplotlib, words over them, neighbours on hover and focus.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft.contracts import files
from weft.contracts.tagging import CALIBRATED_WORDS, RELIABILITY, WORD_MAP
from weft.errors import ContractError
from weft.report.charts import SERIES, inline_svg
from weft.report.glossary import percent
from weft.report.readers import read_json, read_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Threshold:
    """One word that may be told."""

    word: str
    threshold: float
    precision_at_least: str
    val: str
    """Right of tagged products of val."""
    test: str
    precision: str
    """On test, in percent; "-" where no product was tagged."""
    coverage: str
    """Share of the test products whose text says the word that are tagged with it."""


@dataclass(frozen=True)
class Thresholds:
    """All that the page says of tags fit for use."""

    precision: float
    confidence: float
    min_products: int
    val_products: int
    test_products: int
    totals: dict[str, float]
    told: tuple[Threshold, ...]
    not_told: dict[str, int]
    """Reason to how many words."""
    reliability: tuple[tuple[str, tuple[dict[str, Any], ...]], ...]
    """(Words looked at, its bins)."""


def read_calibrated(folder: Path) -> list[dict[str, Any]]:
    """Every word as calibrate judged it.

    Raises:
        ContractError: The file is missing or broken.
    """
    return read_rows(folder / files.CALIBRATED_WORDS, CALIBRATED_WORDS, "calibrate")


def read_thresholds(folder: Path, rows: list[dict[str, Any]]) -> Thresholds:
    """The thresholds for people: the words most often told on test first.

    Raises:
        ContractError: A file is missing or broken.
    """
    path = folder / files.CALIBRATION
    settings = read_json(path, "calibrate")
    told = [row for row in rows if row["threshold"] is not None]
    told.sort(key=lambda row: (-row["test_tagged"], row["word_id"]))
    reasons = [row["why_not"] for row in rows if row["threshold"] is None]
    bins: dict[str, list[dict[str, Any]]] = {}
    for row in read_rows(folder / files.RELIABILITY, RELIABILITY, "calibrate"):
        bins.setdefault(row["words"], []).append(row)
    try:
        return Thresholds(
            float(settings["precision"]),
            float(settings["confidence"]),
            int(settings["min_products"]),
            int(settings["val_products"]),
            int(settings["test_products"]),
            {str(name): float(value) for name, value in settings["totals"].items()},
            tuple(_threshold(row) for row in told),
            {reason: reasons.count(reason) for reason in sorted(set(reasons))},
            tuple((words, tuple(of)) for words, of in bins.items()),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ContractError(f"{path}: not what calibrate writes: {error}; run dvc repro calibrate") from error


def _threshold(row: dict[str, Any]) -> Threshold:
    tagged, right, sayable = row["test_tagged"], row["test_right"], row["test_products"]
    return Threshold(
        row["word"],
        row["threshold"],
        percent(row["precision_at_least"]),
        f"{row['val_right']:,} of {row['val_tagged']:,}",
        f"{right:,} of {tagged:,}",
        percent(right / tagged if tagged else None),
        percent(right / sayable if sayable else None),
    )


WIDTH, HEIGHT = 1000, 640
"""Pixels of the map at its natural size; on a phone it is scrolled."""
_MARGIN = 0.04
_LETTER, _LINE = 6.6, 15.0
"""Pixels that a letter and a line of a written word take."""


@dataclass(frozen=True)
class Place:
    """One word on the map."""

    word: str
    left: float
    top: float
    """Percent of the map's width and height."""
    written: bool
    """Whether there is room to write it; else only its dot shows until it is pointed at."""
    nearest: str
    """"denim 0.81, jeans 0.77": the words whose embeddings lie nearest, by cosine similarity."""


@dataclass(frozen=True)
class WordMap:
    """The whole map."""

    places: tuple[Place, ...]
    """In the order of the alphabet, which is the order of the tab key."""
    picture: str
    """An <svg> element."""


def read_word_map(folder: Path) -> WordMap:
    """Read word_map.parquet and lay the map out.

    Raises:
        ContractError: The file is missing or broken.
    """
    rows = read_rows(folder / files.WORD_MAP, WORD_MAP, "calibrate")
    spots = [(_inside(row["x"]), _inside(1 - row["y"])) for row in rows]
    written = _room(rows, spots)
    places = [
        Place(row["word"], round(100 * x, 2), round(100 * y, 2), room, _nearest(row))
        for row, (x, y), room in zip(rows, spots, written, strict=True)
    ]
    return WordMap(tuple(sorted(places, key=lambda place: place.word)), _picture(spots))


def _inside(share: float) -> float:
    return _MARGIN + (1 - 2 * _MARGIN) * min(max(share, 0.0), 1.0)


def _nearest(row: dict[str, Any]) -> str:
    pairs = zip(row["nearest"], row["similarities"], strict=False)
    return ", ".join(f"{word} {similarity:.2f}" for word, similarity in pairs)


def _room(rows: Sequence[dict[str, Any]], spots: Sequence[tuple[float, float]]) -> list[bool]:
    """Which words can be written without covering another; those that photos tell best choose first."""
    order = sorted(range(len(rows)), key=lambda n: (-rows[n]["separation"], n))
    taken: list[tuple[float, float, float, float]] = []
    written = [False] * len(rows)
    for n in order:
        x, y = spots[n][0] * WIDTH, spots[n][1] * HEIGHT
        half = _LETTER * len(rows[n]["word"]) / 2
        box = (x - half, y, x + half, y + _LINE)
        if not any(a < box[2] and box[0] < c and b < box[3] and box[1] < d for a, b, c, d in taken):
            taken.append(box)
            written[n] = True
    return written


def _picture(spots: Sequence[tuple[float, float]]) -> str:
    def draw(axes: "Axes") -> None:
        if spots:
            axes.scatter([x for x, _ in spots], [y for _, y in spots], s=12, color=SERIES[1], linewidths=0)
        axes.set_xlim(0, 1)
        axes.set_ylim(1, 0)

    label = "Map of the words; the list below names the nearest words of each"
    return inline_svg(draw, "word-map", label, (WIDTH / 100, HEIGHT / 100), bare=True)
