"""breakdown.parquet: every table told apart by category, colour, kind of photo, word frequency."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weft.contracts import files
from weft.contracts.tables import BREAKDOWN
from weft.report.reading import read_rows
from weft.report.results import Results, columns
from weft.report.wording import BASELINE, TRAINED, metric_name, percent, points


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
    rows = read_rows(folder / files.BREAKDOWN, BREAKDOWN, f"evaluate@{folder.name}")
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
