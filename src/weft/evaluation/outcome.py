"""What scoring a benchmark yields: tables, counts, notes, and what the report may show of it."""

from dataclasses import dataclass, field

from weft.evaluation.bootstrap import LEVEL, SEED
from weft.evaluation.measured import Measured, measure, measure_mean
from weft.evaluation.retrieval import Ranking
from weft.evaluation.scored import Scored
from weft.evaluation.search import Ints


@dataclass(frozen=True)
class Tagged:
    """Words predicted for photos."""

    photos: Ints
    """(photos,), rows of the benchmark's photos."""
    predicted: Ints
    """(photos, words shown), word ids, best first."""
    quality: Ints
    """(photos,): the lower, the worse the prediction; only the order counts."""


@dataclass
class Outcome:
    """Filled by one table after the other."""

    tables: dict[str, Scored] = field(default_factory=dict)
    means: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Tables that are the plain mean of others, which they name."""
    parts: dict[tuple[str, str, str], Scored] = field(default_factory=dict)
    """(Table, facet, value): parts of a table that are no choice of its photos."""
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    strips: dict[str, Ranking] = field(default_factory=dict)
    """The same queries ranked by the models named."""
    tagged: Tagged | None = None

    def measured(self, resamples: int) -> dict[str, Measured]:
        """Every table with its intervals; a mean comes after the last of its parts."""
        found: dict[str, Measured] = {}
        for name, scored in self.tables.items():
            found[name] = measure(scored, resamples)
            for mean, parts in self.means.items():
                if parts[-1] == name:
                    found[mean] = measure_mean([self.tables[part] for part in parts], resamples)
        return found

    def metrics(self, benchmark: str, reader: str, measured: dict[str, Measured], resamples: int) -> dict[str, object]:
        """The content of metrics.json; shares rounded to 6 digits."""
        return {
            "benchmark": benchmark,
            "reader": reader,
            "counts": dict(self.counts),
            "notes": list(self.notes),
            "tables": {name: _rounded(of.table) for name, of in measured.items()},
            "intervals": {name: of.intervals for name, of in measured.items()},
            "differences": {name: of.differences for name, of in measured.items() if of.differences},
            "ceilings": self._ceilings(),
            "sizes": {name: self._size(name) for name in measured},
            "bootstrap": {"level": LEVEL, "resamples": resamples, "seed": SEED},
        }

    def _ceilings(self) -> dict[str, dict[str, float]]:
        ceilings = {name: _ceilings(scored) for name, scored in self.tables.items()}
        for name, parts in self.means.items():
            metrics = dict.fromkeys(metric for part in parts for metric in ceilings[part])
            ceilings[name] = {
                metric: round(sum(ceilings[part].get(metric, 1.0) for part in parts) / len(parts), 6)
                for metric in metrics
            }
        return {name: values for name, values in ceilings.items() if values}

    def _size(self, name: str) -> dict[str, object]:
        scored = self.tables[self.means[name][0] if name in self.means else name]
        return {"of": scored.of, "observations": len(scored), "items": len(set(scored.items.tolist()))}


def flat(measured: dict[str, Measured]) -> dict[str, float]:
    """Every number by a name MLflow takes: "retrieval/after_finetune/recall_at_1"."""
    return {
        f"{name}/{_plain(row)}/{metric}": value
        for name, of in measured.items()
        for row, values in of.table.items()
        for metric, value in values.items()
    }


def _ceilings(scored: Scored) -> dict[str, float]:
    return {metric: round(value, 6) for metric, value in scored.ceilings.items() if value < 1}


def _rounded(table: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    return {row: {metric: round(value, 6) for metric, value in values.items()} for row, values in table.items()}


def _plain(row: str) -> str:
    return row.replace(",", "").replace(" ", "_")
