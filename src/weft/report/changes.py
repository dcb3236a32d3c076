"""What training changed: each metric of the finetuned model beside the first row of its table."""

from collections.abc import Sequence
from dataclasses import dataclass

from weft.contracts.tables import FINETUNED
from weft.report.glossary import metric_name, percent, points, table_title
from weft.report.tables import Results, list_metrics, verdict


@dataclass(frozen=True)
class Change:
    """One metric before and after training."""

    benchmark: str
    reader: str
    table: str
    metric: str
    baseline: str
    """The first row of the table."""
    before: float
    after: float
    """Shares in 0..1."""
    verdict: str
    """"gain" or "loss" where the paired interval of the difference excludes 0, else ""."""

    @property
    def difference(self) -> float:
        """`after` minus `before`."""
        return self.after - self.before

    def describe(self) -> str:
        """Return the change in the terms of the tables: "catalogue, retrieval, recall at 10: 73.4 to 96.7 (+23.3)"."""
        name = f"{self.benchmark}, {table_title(self.table).lower()}, {metric_name(self.metric)}"
        return f"{name}: {percent(self.before)} to {percent(self.after)} ({points(self.difference)})"


def list_changes(results: Sequence[Results]) -> list[Change]:
    """Return the change of each metric of all tables, in their order.

    A table without the row of the finetuned model, or whose first row it is, has none.
    """
    changes = []
    for result in results:
        for name, table in result.tables.items():
            baseline = next(iter(table))
            if FINETUNED not in table or baseline == FINETUNED:
                continue
            paired = result.differences.get(name, {}).get(FINETUNED, {}).get(baseline, {})
            for metric in list_metrics(table):
                before, after = table[baseline].get(metric), table[FINETUNED].get(metric)
                if before is not None and after is not None:
                    mark = verdict(paired.get(metric))
                    changes.append(Change(result.benchmark, result.reader, name, metric, baseline, before, after, mark))
    return changes


def find_extremes(changes: Sequence[Change]) -> tuple[Change, Change] | None:
    """Return the change with the largest rise and the one with the largest fall, or the least rise; None without any.

    A change that is proven, because its interval excludes 0, is preferred to one that may be chance.
    """
    if not changes:
        return None
    best = max(changes, key=lambda change: (change.verdict == "gain", change.difference))
    worst = min(changes, key=lambda change: (change.verdict != "loss", change.difference))
    return best, worst
