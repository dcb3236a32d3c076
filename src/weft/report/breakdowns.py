"""Recall over k, counted from the rank of each query's first right photo.

breakdown.parquet: every table told apart by category, colour, kind of photo, word frequency.

confusions.parquet: what queries are taken for, the most frequent errors first.

nearest_words.json: for some words the words whose embeddings lie nearest.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pyarrow.compute as pc
from pydantic import Field, TypeAdapter, ValidationError

from weft import tables
from weft.contracts import files
from weft.contracts.tables import SLICES, CONFUSIONS, PER_QUERY
from weft.errors import ContractError
from weft.report.glossary import BASELINE, TRAINED, metric_name, percent, points
from weft.report.readers import missing, read_rows
from weft.report.tables import Results, columns

LONGEST = 100
"""Lists are at least so long where the gallery is: beyond, a first hit may lie unseen."""
TABLE = "retrieval"


@dataclass(frozen=True)
class Recall:
    """The curves of one table."""

    table: str
    queries: int
    curves: dict[str, list[tuple[float, float]]]
    """Model to (k, share of queries with a right photo among the first k), for every k."""

    def shown(self) -> list[int]:
        """The k of the table beside the picture."""
        last = len(next(iter(self.curves.values())))
        return [k for k in (1, 2, 3, 5, 10, 20, 30, 50, 100) if k <= last]


def read_recall(folder: Path, models: Sequence[str]) -> list[Recall]:
    """Read scores.parquet of a benchmark; empty where nothing was searched for.

    Args:
        folder: The benchmark's folder of reports.
        models: Rows of the results tables, in their order; one that equals the row before it is left out.

    Raises:
        ContractError: The file is missing or breaks its contract.
    """
    path = folder / files.PER_QUERY
    if not path.exists():
        raise missing(path, f"evaluate@{folder.name}")
    ranks: dict[str, dict[str, Counter[int]]] = {}
    for piece in tables.read_stream(path, PER_QUERY, ("table", "model", "rank")):
        searched = piece.filter(pc.starts_with(piece["table"], TABLE))
        for row in searched.to_pylist():
            ranks.setdefault(row["table"], {}).setdefault(row["model"], Counter())[row["rank"] or 0] += 1
    found = []
    for table, by_model in sorted(ranks.items()):
        longest = min(LONGEST, max((max(of) for of in by_model.values()), default=0))
        ordered = [model for model in models if model in by_model]
        if not longest:
            continue
        curves = {model: _curve(by_model[model], longest) for model in ordered}
        distinct = {m: c for n, (m, c) in enumerate(curves.items()) if n == 0 or c != curves[ordered[n - 1]]}
        found.append(Recall(table, by_model[ordered[0]].total(), distinct))
    return found


def _curve(ranks: Counter[int], longest: int) -> list[tuple[float, float]]:
    curve, found, queries = [], 0, ranks.total()
    for k in range(1, longest + 1):
        found += ranks[k]
        curve.append((float(k), found / queries))
    return curve


@dataclass(frozen=True)
class FacetRow:
    """One value of a facet, before and after training."""

    value: str
    observations: int
    before: str
    after: str
    interval: str
    difference: str
    bounds: str
    verdict: str
    """"gain", "loss" or "" where the paired interval holds 0."""


@dataclass(frozen=True)
class FacetTable:
    """One table told apart by one facet."""

    table: str
    facet: str
    metric: str
    rows: tuple[FacetRow, ...]


def read_facets(folder: Path, results: Results) -> dict[str, tuple[FacetTable, ...]]:
    """Each table's first metric by facet; within one the weakest value after training first.

    Returns:
        By table, in the order of the results.

    Raises:
        ContractError: The file is missing or breaks its contract.
    """
    found: dict[tuple[str, str], dict[str, dict[str, dict[str, Any]]]] = {}
    order = {name: columns(table) for name, table in results.tables.items()}
    rows = read_rows(folder / files.SLICES, SLICES, f"evaluate@{folder.name}")
    metrics: dict[tuple[str, str], str] = {}
    for row in rows:
        key, known = (row["table"], row["facet"]), order.get(row["table"], [])
        if key not in metrics or _place(row["metric"], known) < _place(metrics[key], known):
            metrics[key] = row["metric"]
    for row in rows:
        key = (row["table"], row["facet"])
        if row["metric"] == metrics[key]:
            found.setdefault(key, {}).setdefault(row["value"], {})[row["model"]] = row
    told = [
        FacetTable(table, facet, metric_name(metrics[table, facet]), _rows(values))
        for (table, facet), values in sorted(found.items())
    ]
    return {name: of for name in order if (of := tuple(one for one in told if one.table == name and one.rows))}


def _place(metric: str, known: list[str]) -> int:
    return known.index(metric) if metric in known else len(known)


def _rows(values: dict[str, dict[str, dict[str, Any]]]) -> tuple[FacetRow, ...]:
    kept = []
    for value, models in values.items():
        before = next((models[name] for name in models if name.startswith(BASELINE)), None)
        after = models.get(TRAINED)
        if before is None or after is None:
            continue
        gain, low, high = after["gain"], after["gain_low"], after["gain_high"]
        verdict = "" if low is None or high is None else "gain" if low > 0 else "loss" if high < 0 else ""
        kept.append(
            (
                after["share"],
                FacetRow(
                    value,
                    after["observations"],
                    percent(before["share"]),
                    percent(after["share"]),
                    f"{percent(after['low'])} to {percent(after['high'])}",
                    "" if gain is None else points(gain),
                    "" if low is None or high is None else f"{points(low)} to {points(high)}",
                    verdict,
                ),
            )
        )
    return tuple(row for _, row in sorted(kept, key=lambda pair: (pair[0], pair[1].value)))


SHOWN = 12


@dataclass(frozen=True)
class Confusion:
    """Queries that show one thing, and the photo nearest to them another."""

    shown: str
    found: str
    queries: int
    share: str
    """Of all queries that show it, in percent."""


@dataclass(frozen=True)
class Confusions:
    """Those of one facet."""

    facet: str
    queries: int
    wrong: int
    most: tuple[Confusion, ...]


def read_confusions(folder: Path) -> tuple[Confusions, ...]:
    """The confusions of a benchmark by facet; a facet without an error is left out.

    Raises:
        ContractError: The file is missing or breaks its contract.
    """
    by_facet: dict[str, list[tuple[str, str, int]]] = {}
    for row in read_rows(folder / files.CONFUSIONS, CONFUSIONS, f"evaluate@{folder.name}"):
        by_facet.setdefault(row["facet"], []).append((row["shown"], row["found"], row["queries"]))
    found = []
    for facet, rows in by_facet.items():
        of: dict[str, int] = {}
        for shown, _, queries in rows:
            of[shown] = of.get(shown, 0) + queries
        wrong = sorted((row for row in rows if row[0] != row[1]), key=lambda row: (-row[2], row[:2]))
        if wrong:
            most = tuple(Confusion(*row, percent(row[2] / of[row[0]])) for row in wrong[:SHOWN])
            found.append(Confusions(facet, sum(of.values()), sum(row[2] for row in wrong), most))
    return tuple(found)


NearestWords = dict[str, list[tuple[str, Annotated[float, Field(allow_inf_nan=False)]]]]
"""{word: [(word near it, cosine similarity), ...], nearest first}."""


def read_nearest_words(folder: Path) -> NearestWords:
    """Read `folder`/nearest_words.json; empty where evaluate wrote none, as on benchmarks without words of their own.

    Raises:
        ContractError: The file is there but is not what evaluate writes.
    """
    path = folder / files.NEAREST_WORDS
    if not path.exists():
        return {}
    try:
        return TypeAdapter(NearestWords).validate_python(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise ContractError(
            f"{path}: wanted {{word: [[word, similarity], ...]}}: {reason}; run the stage evaluate@{folder.name} again"
        ) from error
