"""Recall over k, counted from the rank of each query's first right photo."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from weft import tables
from weft.contracts import files
from weft.contracts.tables import SCORES
from weft.report.reading import missing

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
    path = folder / files.SCORES
    if not path.exists():
        raise missing(path, f"evaluate@{folder.name}")
    ranks: dict[str, dict[str, Counter[int]]] = {}
    for piece in tables.read_stream(path, SCORES, ("table", "model", "rank")):
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
