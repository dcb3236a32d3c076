"""What evaluate wrote of one benchmark: metrics.json, read and checked.

A results table as it is shown: percents with intervals, differences to the baseline, gains that are no chance.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from weft.contracts import files
from weft.errors import ContractError
from weft.report.glossary import BASELINE, percent, points
from weft.report.readers import read_json


def _measured(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


Share = Annotated[Annotated[float, Field(ge=0.0, le=1.0)] | None, BeforeValidator(_measured)]
Signed = Annotated[float, Field(ge=-1.0, le=1.0)]
Bounds = tuple[Share, Share]
Difference = tuple[Signed, Signed, Signed]
Table = Mapping[str, Mapping[str, Share]]
"""{row: {metric: share in 0..1}}, in the order of the file; None (null or NaN there) where nothing was measured."""


@pydantic_dataclass(frozen=True)
class Results:
    """The tables of one benchmark and what they were measured on. Keys of the file not named here are left alone."""

    benchmark: str
    reader: str
    tables: dict[str, dict[str, dict[str, Share]]]
    """By name: "retrieval", "tags", "similar", "labels/<label set>"; none where all were left out, as notes say."""
    counts: dict[str, int | float] = field(default_factory=dict)
    """Photos, queries and the like."""
    notes: tuple[str, ...] = ()
    """Sentences by evaluate on how the numbers came about."""
    intervals: dict[str, dict[str, dict[str, Bounds]]] = field(default_factory=dict)
    """Table, row, metric: the bounds of the 95 % bootstrap interval by item."""
    differences: dict[str, dict[str, dict[str, dict[str, Difference]]]] = field(default_factory=dict)
    """Table, row, an earlier row, metric: the difference and the bounds of its paired interval, as shares."""
    ceilings: dict[str, dict[str, Share]] = field(default_factory=dict)
    """Table, metric: what a perfect model would reach, where that is less than 1."""


def read_results(folder: Path) -> Results:
    """Read `folder`/metrics.json, written by the stage evaluate.

    Raises:
        ContractError: The file is missing, is no JSON, or a key is missing or out of its range.
    """
    path = folder / files.METRICS
    values = read_json(path, f"evaluate@{folder.name}")
    try:
        results = TypeAdapter(Results).validate_python(values)
    except ValidationError as error:
        problems = "; ".join(_explain(problem) for problem in error.errors())
        raise ContractError(f"{path}: {problems} (written by the stage evaluate@{folder.name})") from error
    empty = [name for name, table in results.tables.items() if not table]
    if empty:
        raise ContractError(f"{path}: tables.{empty[0]}: no row in it (written by the stage evaluate@{folder.name})")
    return results


def columns(table: Table) -> list[str]:
    """The metrics of `table`, in the order in which its rows first name them."""
    return list(dict.fromkeys(metric for row in table.values() for metric in row))


def _explain(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"{key}: missing key"
    return f"{key} = {str(problem['input'])[:60]!r}: {problem['msg']}"


@dataclass(frozen=True)
class Cell:
    """One value of a table as people see it."""

    text: str
    interval: str
    """The bounds in percent, "64.9 to 73.8"; empty where there are none."""
    difference: str
    """Percentage points to the baseline row, signed; empty where there is nothing to compare."""
    bounds: str
    """Those of the difference, "+9.8 to +18.2"."""
    verdict: str
    """"gain" or "loss" where the interval of the difference excludes 0, else ""."""


@dataclass(frozen=True)
class Comparison:
    """One table as people see it; cells stand in the order of `metrics`."""

    metrics: tuple[str, ...]
    baseline: str | None
    """The first row of the untrained network, if the table has one."""
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    ceilings: tuple[str, ...]
    """What a perfect model would reach, in percent; empty where that is 100."""


def compare(results: Results, name: str) -> Comparison:
    """Bring one table of a benchmark into the form in which page and Markdown show it."""
    table: Table = results.tables[name]
    metrics = tuple(columns(table))
    baseline = next((row for row in table if row.startswith(BASELINE)), None)
    ceilings = results.ceilings.get(name, {})
    rows = tuple((row, tuple(_cell(results, name, row, baseline, metric) for metric in metrics)) for row in table)
    return Comparison(metrics, baseline, rows, tuple(_or_empty(ceilings.get(metric)) for metric in metrics))


def _cell(results: Results, name: str, row: str, baseline: str | None, metric: str) -> Cell:
    value = results.tables[name][row].get(metric)
    bounds = results.intervals.get(name, {}).get(row, {}).get(metric)
    interval = "" if bounds is None or value is None else f"{percent(bounds[0])} to {percent(bounds[1])}"
    if baseline is None or row == baseline or value is None:
        return Cell(percent(value), interval, "", "", "")
    before = results.tables[name][baseline].get(metric)
    if before is None:
        return Cell(percent(value), interval, "", "", "")
    paired = _paired(results.differences.get(name, {}), row, baseline, metric)
    if paired is None:
        return Cell(percent(value), interval, points(value - before), "", "")
    verdict = "gain" if paired[1] > 0 else "loss" if paired[2] < 0 else ""
    return Cell(percent(value), interval, points(paired[0]), f"{points(paired[1])} to {points(paired[2])}", verdict)


def _paired(
    differences: Mapping[str, Mapping[str, Mapping[str, Difference]]], row: str, baseline: str, metric: str
) -> Difference | None:
    return differences.get(row, {}).get(baseline, {}).get(metric)


def _or_empty(share: float | None) -> str:
    return "" if share is None else percent(share)
