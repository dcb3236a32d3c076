"""`weft compare`: two evaluations of one benchmark: paired differences, and the products whose rank moved most."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from weft import tables, tracking
from weft.contracts import files
from weft.contracts.tables import SCORES
from weft.errors import ContractError, InputError
from weft.evaluation.paired import Moved, PairedDifference, Scores, most_moved, paired_differences

RESAMPLES = 2000


@dataclass(frozen=True)
class _Run:
    """What an evaluate run left."""

    benchmark: str
    metrics: dict[str, dict[str, tuple[str, ...]]]
    """Table to row to its metrics."""
    scores: dict[tuple[str, str], list[dict[str, Any]]]
    """(Table, row) to one entry a question."""


def compare(run_a: str, run_b: str, row: str, most: int) -> Iterator[str]:
    """Yield the lines of a comparison, B against A.

    Args:
        run_a: The id of an MLflow run of evaluate, or a folder with evaluate's out (reports/benchmarks/NAME).
        run_b: Likewise, of the same benchmark.
        row: The row of the results tables that is compared.
        most: How many products are named whose rank changed most.

    Raises:
        InputError: A run cannot be had, the two are of different benchmarks, or have nothing in common.
        ContractError: What a run left is broken.
    """
    with _opened(run_a) as first, _opened(run_b) as second:
        if first.benchmark != second.benchmark:
            raise InputError(f"{run_a} scored {first.benchmark}, {run_b} scored {second.benchmark}: not to be compared")
        names = [table for table in first.metrics if all((table, row) in of.scores for of in (first, second))]
        if not names:
            raise InputError(f"no table has the row {row!r} in both runs; rows of A: {', '.join(_rows(first))}")
        yield f"{first.benchmark}, {row}: A {run_a}, B {run_b}"
        yield "Percent, B - A with its 95 % interval by the paired bootstrap over items, * where that excludes 0."
        for table in names:
            yield from _table(table, _scores(first, table, row), _scores(second, table, row), most)


def _table(table: str, a: Scores, b: Scores, most: int) -> Iterator[str]:
    questions, items, found = paired_differences(a, b, RESAMPLES)
    yield ""
    left_out = len(a.asked) + len(b.asked) - 2 * questions
    only_one = f"; {left_out:,} asked in one run only are left out" if left_out else ""
    yield f"{table}: {questions:,} questions of {items:,} items in both{only_one}"
    width = max((len(one.metric) for one in found), default=0)
    yield from (f"  {one.metric.ljust(width)}  {_difference(one)}" for one in found)
    moved = most_moved(a, b, most)
    if moved:
        yield "  rank of the first right answer, changed most:"
        yield from (
            f"    {_rank(one.first):>5} -> {_rank(one.second):<5} {_better(one)}  {_whose(one)}" for one in moved
        )


def _difference(one: PairedDifference) -> str:
    mark = "*" if one.low > 0 or one.high < 0 else " "
    change = f"{100 * (one.second - one.first):+6.1f}{mark} ({100 * one.low:+.1f} to {100 * one.high:+.1f})"
    return f"{100 * one.first:5.1f} -> {100 * one.second:5.1f}  {change}"


def _rank(rank: int | None) -> str:
    return "none" if rank is None else str(rank)


def _better(one: Moved) -> str:
    return "better" if one.first is None or (one.second is not None and one.second < one.first) else "worse "


def _whose(one: Moved) -> str:
    return one.product if one.product == one.asked else f"{one.product} (asked with {one.asked})"


@contextmanager
def _opened(run: str) -> Iterator[_Run]:
    """The out of an evaluation: a folder, or what its MLflow run logged."""
    if Path(run).is_dir():
        yield _read(Path(run))
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in (files.METRICS, files.SCORES):
            tracking.fetch(run, name, Path(folder))
        yield _read(Path(folder))


def _read(folder: Path) -> _Run:
    path = folder / files.METRICS
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        metrics = {
            str(table): {str(row): tuple(values) for row, values in rows.items()}
            for table, rows in told["tables"].items()
        }
        benchmark = str(told["benchmark"])
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error}; wanted the out of evaluate or an MLflow run id") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ContractError(f"{path}: not what evaluate writes: {error}") from error
    scores: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for piece in tables.stream(folder / files.SCORES, SCORES):
        for entry in piece.to_pylist():
            scores.setdefault((entry["table"], entry["model"]), []).append(entry)
    return _Run(benchmark, metrics, scores)


def _rows(run: _Run) -> list[str]:
    return sorted({row for _, row in run.scores})


def _scores(run: _Run, table: str, row: str) -> Scores:
    entries, metrics = run.scores[table, row], run.metrics[table].get(row, ())
    if any(len(entry[name]) != len(metrics) for entry in entries for name in ("gained", "possible")):
        raise ContractError(f"{table}, {row}: scores of other metrics than {files.METRICS} has; run evaluate again")
    return Scores(
        metrics,
        tuple(entry["asked"] for entry in entries),
        tuple(entry["product_id"] or entry["asked"] for entry in entries),
        tuple(entry["item"] for entry in entries),
        tuple(entry["rank"] for entry in entries),
        np.array([entry["gained"] for entry in entries], np.float64).reshape(len(entries), len(metrics)),
        np.array([entry["possible"] for entry in entries], np.float64).reshape(len(entries), len(metrics)),
    )
