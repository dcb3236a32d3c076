"""A results table as it is shown: percents, gains against the untrained network, the best of each column."""

from dataclasses import dataclass

from weft.report.results import Table, columns
from weft.report.wording import BASELINE, percent, points


@dataclass(frozen=True)
class Cell:
    """One value of a table as people see it."""

    text: str
    gain: str
    """Percentage points above the baseline row, signed; empty where there is nothing to compare."""
    best: bool


@dataclass(frozen=True)
class Comparison:
    """One table as people see it; cells stand in the order of `metrics`."""

    metrics: tuple[str, ...]
    baseline: str | None
    """The first row of the untrained network, if the table has one."""
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def compare(table: Table) -> Comparison:
    """Bring a table into the form in which page and Markdown show it."""
    metrics = tuple(columns(table))
    baseline = next((row for row in table if row.startswith(BASELINE)), None)
    best = {metric: _best_rows(table, metric) for metric in metrics}
    rows = tuple(
        (row, tuple(Cell(percent(table[row].get(m)), _gain(table, baseline, row, m), row in best[m]) for m in metrics))
        for row in table
    )
    return Comparison(metrics, baseline, rows)


def _best_rows(table: Table, metric: str) -> set[str]:
    """The rows with the highest value as shown, so that what looks the same is marked alike; none if all are alike."""
    shown = {row: percent(value) for row, values in table.items() if (value := values.get(metric)) is not None}
    if len(set(shown.values())) < 2:
        return set()
    highest = max(shown.values(), key=float)
    return {row for row, text in shown.items() if text == highest}


def _gain(table: Table, baseline: str | None, row: str, metric: str) -> str:
    if baseline is None or row == baseline:
        return ""
    before, after = table[baseline].get(metric), table[row].get(metric)
    return "" if before is None or after is None else points(after, before)
