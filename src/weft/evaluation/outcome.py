"""What scoring a benchmark yields: tables, counts, notes, and what the report may show of it."""

from dataclasses import dataclass, field

import numpy as np

from weft.evaluation.retrieval import Ranking
from weft.evaluation.rows import Table
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

    tables: dict[str, Table] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    strips: dict[str, Ranking] = field(default_factory=dict)
    """The same queries ranked by the models named."""
    tagged: Tagged | None = None

    def metrics(self, benchmark: str, reader: str) -> dict[str, object]:
        """The content of metrics.json; shares rounded to 6 digits."""
        rounded = {
            name: {row: {metric: round(value, 6) for metric, value in values.items()} for row, values in table.items()}
            for name, table in self.tables.items()
        }
        counts, notes = dict(self.counts), list(self.notes)
        return {"benchmark": benchmark, "reader": reader, "counts": counts, "notes": notes, "tables": rounded}

    def flat(self) -> dict[str, float]:
        """Every number by a name MLflow takes: "retrieval/after_finetune/recall_at_1"."""
        return {
            f"{name}/{_plain(row)}/{metric}": value
            for name, table in self.tables.items()
            for row, values in table.items()
            for metric, value in values.items()
            if np.isfinite(value)
        }


def _plain(row: str) -> str:
    return row.replace(",", "").replace(" ", "_")
