"""The results tables of a benchmark: metrics.json as it is read, and each table as the report shows it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from weft.contracts import files
from weft.errors import ContractError
from weft.report.glossary import percent, points
from weft.report.readers import read_json


def _nan_to_none(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


Share = Annotated[Annotated[float, Field(ge=0.0, le=1.0)] | None, BeforeValidator(_nan_to_none)]
SignedShare = Annotated[float, Field(ge=-1.0, le=1.0)]
Interval = tuple[Share, Share]
Difference = tuple[SignedShare, SignedShare, SignedShare]
"""The difference and the bounds of its paired confidence interval."""
Table = Mapping[str, Mapping[str, Share]]
"""{row: {metric: share in 0..1}}, in the order of the file; None (null or NaN there) where nothing was measured."""


@pydantic_dataclass(frozen=True)
class Results:
    """The results tables of one benchmark. Other keys of metrics.json are ignored."""

    benchmark: str
    reader: str
    tables: dict[str, dict[str, dict[str, Share]]]
    """By name: "retrieval", "tagging", "zero_shot/<label set>" and so on; empty where `notes` explain that all were
    left out."""
    counts: dict[str, int | float] = field(default_factory=dict)
    """The numbers of photos, queries and so on."""
    notes: tuple[str, ...] = ()
    """Sentences by evaluate about how the numbers were measured."""
    intervals: dict[str, dict[str, dict[str, Interval]]] = field(default_factory=dict)
    """Table, row, metric: the bounds of the 95 % bootstrap interval."""
    differences: dict[str, dict[str, dict[str, dict[str, Difference]]]] = field(default_factory=dict)
    """Table, row, another row before it, metric: the paired difference, as shares."""
    upper_bounds: dict[str, dict[str, Share]] = field(default_factory=dict)
    """Table, metric: the value of a perfect model, where it is less than 1."""


def read_results(folder: Path) -> Results:
    """Read `folder`/metrics.json, written by the stage evaluate.

    Raises:
        ContractError: The file is missing or not JSON, or a key is missing or out of its range.
    """
    path = folder / files.METRICS
    values = read_json(path, f"evaluate@{folder.name}")
    try:
        results = TypeAdapter(Results).validate_python(values)
    except ValidationError as error:
        problems = "; ".join(_describe_problem(problem) for problem in error.errors())
        raise ContractError(f"{path}: {problems} (written by the stage evaluate@{folder.name})") from error
    empty = [name for name, table in results.tables.items() if not table]
    if empty:
        raise ContractError(
            f"{path}: tables.{empty[0]}: expected at least one row, got none "
            f"(written by the stage evaluate@{folder.name})"
        )
    return results


def list_metrics(table: Table) -> list[str]:
    """Return the metrics of `table`, in the order in which its rows first name them."""
    return list(dict.fromkeys(metric for row in table.values() for metric in row))


def _describe_problem(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"{key}: missing key"
    return f"{key} = {str(problem['input'])[:60]!r}: {problem['msg']}"


@dataclass(frozen=True)
class Cell:
    """One formatted value of a table."""

    text: str
    """In percent; "-" where nothing was measured."""
    interval: str
    """The bounds in percent, "64.9 to 73.8"; empty where there are none."""
    difference: str
    """Signed percentage points to the first row; empty where there is nothing to compare."""
    difference_interval: str
    """The bounds of the difference, "+9.8 to +18.2"."""
    verdict: str
    """"gain" or "loss" where the interval of the difference excludes 0, else ""."""


@dataclass(frozen=True)
class Comparison:
    """One formatted table; cells are in the order of `metrics`."""

    metrics: tuple[str, ...]
    baseline: str
    """The first row, with which all others are compared: the frozen backbone, or the least trained model that can do
    the task."""
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    upper_bounds: tuple[str, ...]
    """The values of a perfect model in percent; empty where that is 100."""

    def distinct_rows(self) -> list[tuple[str, tuple[Cell, ...]]]:
        """Return the rows; one with the values of the first row is named beside it, and its zeros are left out."""
        first_name, first_cells = self.rows[0]
        equal = [name for name, cells in self.rows[1:] if all(cell.difference == points(0.0) for cell in cells)]
        names = ", ".join([first_name, *equal])
        return [(names, first_cells), *(row for row in self.rows[1:] if row[0] not in equal)]


def compare(results: Results, name: str) -> Comparison:
    """Format one table of a benchmark, with the differences to its first row."""
    table: Table = results.tables[name]
    metrics = tuple(list_metrics(table))
    baseline = next(iter(table))
    bounds = results.upper_bounds.get(name, {})
    rows = tuple((row, tuple(_cell(results, name, row, baseline, metric) for metric in metrics)) for row in table)
    return Comparison(metrics, baseline, rows, tuple(_percent_or_empty(bounds.get(metric)) for metric in metrics))


def _cell(results: Results, name: str, row: str, baseline: str, metric: str) -> Cell:
    value = results.tables[name][row].get(metric)
    bounds = results.intervals.get(name, {}).get(row, {}).get(metric)
    interval = "" if bounds is None or value is None else f"{percent(bounds[0])} to {percent(bounds[1])}"
    if row == baseline or value is None:
        return Cell(percent(value), interval, "", "", "")
    baseline_value = results.tables[name][baseline].get(metric)
    if baseline_value is None:
        return Cell(percent(value), interval, "", "", "")
    paired = results.differences.get(name, {}).get(row, {}).get(baseline, {}).get(metric)
    if paired is None:
        return Cell(percent(value), interval, points(value - baseline_value), "", "")
    difference, low, high = paired
    return Cell(percent(value), interval, points(difference), f"{points(low)} to {points(high)}", verdict(paired))


def verdict(difference: Difference | None) -> str:
    """Return "gain" or "loss" where the interval of a paired difference excludes 0, else ""."""
    if difference is None:
        return ""
    _, low, high = difference
    return "gain" if low > 0 else "loss" if high < 0 else ""


def _percent_or_empty(share: float | None) -> str:
    return "" if share is None else percent(share)
