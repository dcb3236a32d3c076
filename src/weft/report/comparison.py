"""A results table as it is shown: percents with intervals, differences to the baseline, gains that are no chance."""

from collections.abc import Mapping
from dataclasses import dataclass

from weft.report.results import Difference, Results, Table, columns
from weft.report.wording import BASELINE, percent, points


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
