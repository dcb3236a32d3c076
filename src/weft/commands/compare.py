"""`weft compare`: paired differences of two evaluations of a benchmark, and the products whose rank changed most."""

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
from weft.contracts.tables import PER_QUERY
from weft.errors import ContractError, InputError
from weft.evaluation.bootstrap import (
    PairedDifference,
    RankChange,
    RowScores,
    compute_paired_differences,
    find_largest_rank_changes,
)

BOOTSTRAP_SAMPLES = 2000
LEGEND = "Percent. B - A with the 95 % interval of the paired bootstrap over items; * marks intervals without 0."
"""What the lines of `format_difference` mean."""


@dataclass(frozen=True)
class Evaluation:
    """The outputs of one run of evaluate."""

    benchmark: str
    num_photos: int | None
    """The photos of the benchmark."""
    metrics: dict[str, dict[str, tuple[str, ...]]]
    """The names of the metrics by table and row."""
    scores: dict[tuple[str, str], list[dict[str, Any]]]
    """One entry per query by table and row."""


def compare(run_a: str, run_b: str, row: str, top_n: int) -> Iterator[str]:
    """Yield the lines of a comparison of B with A.

    Args:
        run_a: The id of the MLflow run of a pipeline or of evaluate, or an output folder of evaluate
            (reports/benchmarks/NAME).
        run_b: Another run of the same benchmark, given in the same way.
        row: The row of the results tables to compare.
        top_n: The number of products to list whose rank changed most.

    Raises:
        InputError: A run cannot be read, or the runs have different benchmarks or no common row.
        ContractError: The outputs of a run are invalid.
    """
    with open_run(run_a) as first, open_run(run_b) as second:
        if first.benchmark != second.benchmark:
            raise InputError(
                f"expected two runs of one benchmark, got {first.benchmark} ({run_a}) and {second.benchmark} ({run_b})"
            )
        table_names = [table for table in first.metrics if all((table, row) in run.scores for run in (first, second))]
        if not table_names:
            raise InputError(
                f"expected a row that both runs have, got {row!r}; rows of A: {', '.join(_list_rows(first))}"
            )
        yield f"{first.benchmark}, {row}: A {run_a}, B {run_b}"
        yield LEGEND
        for table in table_names:
            yield from _format_table(table, get_scores(first, table, row), get_scores(second, table, row), top_n)


def _format_table(table: str, a: RowScores, b: RowScores, top_n: int) -> Iterator[str]:
    n_queries, n_items, differences = compute_paired_differences(a, b, BOOTSTRAP_SAMPLES)
    yield ""
    n_unpaired = len(a.query_ids) + len(b.query_ids) - 2 * n_queries
    unpaired_note = f"; {n_unpaired:,} in one run only are skipped" if n_unpaired else ""
    yield f"{table}: {n_queries:,} queries of {n_items:,} items in both{unpaired_note}"
    width = max((len(difference.metric) for difference in differences), default=0)
    yield from (f"  {difference.metric.ljust(width)}  {format_difference(difference)}" for difference in differences)
    changes = find_largest_rank_changes(a, b, top_n)
    if changes:
        yield "  largest changes of the rank of the first hit:"
        yield from map(_format_change, changes)


def format_difference(difference: PairedDifference) -> str:
    """Return both values, their difference and its interval in percent; * marks an interval without 0."""
    significance_mark = "*" if difference.ci_low > 0 or difference.ci_high < 0 else " "
    interval = f"({100 * difference.ci_low:+.1f} to {100 * difference.ci_high:+.1f})"
    change = f"{100 * (difference.second - difference.first):+6.1f}{significance_mark} {interval}"
    return f"{100 * difference.first:5.1f} -> {100 * difference.second:5.1f}  {change}"


def _format_change(change: RankChange) -> str:
    ranks = f"{_format_rank(change.first):>5} -> {_format_rank(change.second):<5}"
    return f"    {ranks} {_format_direction(change)}  {_format_product(change)}"


def _format_rank(rank: int | None) -> str:
    return "none" if rank is None else str(rank)


def _format_direction(change: RankChange) -> str:
    return (
        "better" if change.first is None or (change.second is not None and change.second < change.first) else "worse "
    )


def _format_product(change: RankChange) -> str:
    return (
        change.product_id if change.product_id == change.query_id else f"{change.product_id} (query {change.query_id})"
    )


@contextmanager
def open_run(run: str) -> Iterator[Evaluation]:
    """Read an evaluation from its folder, or from the artifacts of its MLflow run.

    Raises:
        InputError: The run cannot be read.
        ContractError: The outputs of the run are invalid.
    """
    if Path(run).is_dir():
        yield _read_evaluation(Path(run))
        return
    run = tracking.resolve_evaluation(run)
    with tempfile.TemporaryDirectory() as folder:
        for name in (files.METRICS, files.PER_QUERY):
            tracking.download_artifact(run, name, Path(folder))
        yield _read_evaluation(Path(folder))


def _read_evaluation(folder: Path) -> Evaluation:
    path = folder / files.METRICS
    try:
        payload = json.loads(path.read_text(encoding="utf-8"))
        metrics = {
            str(table): {str(row): tuple(values) for row, values in rows.items()}
            for table, rows in payload["tables"].items()
        }
        benchmark, num_photos = str(payload["benchmark"]), payload.get("counts", {}).get("photos")
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read: {error}; expected the output folder of evaluate or the id of an MLflow run"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ContractError(f"{path}: expected the metrics of evaluate, got another structure: {error}") from error
    scores: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for batch in tables.read_stream(folder / files.PER_QUERY, PER_QUERY):
        for entry in batch.to_pylist():
            scores.setdefault((entry["table"], entry["model"]), []).append(entry)
    return Evaluation(benchmark, num_photos, metrics, scores)


def _list_rows(evaluation: Evaluation) -> list[str]:
    return sorted({row for _, row in evaluation.scores})


def get_scores(evaluation: Evaluation, table: str, row: str) -> RowScores:
    """Return the scores of one row of one table.

    Raises:
        ContractError: The scores do not fit the names of the metrics.
    """
    entries, metrics = evaluation.scores[table, row], evaluation.metrics[table].get(row, ())
    if any(len(entry[name]) != len(metrics) for entry in entries for name in ("numerator", "denominator")):
        raise ContractError(
            f"{table}, {row}: expected scores of the metrics in {files.METRICS}, got others; run evaluate again"
        )
    return RowScores(
        metrics,
        tuple(entry["query_id"] for entry in entries),
        tuple(entry["product_id"] or entry["query_id"] for entry in entries),
        tuple(entry["cluster_id"] for entry in entries),
        tuple(entry["first_hit_rank"] for entry in entries),
        np.array([entry["numerator"] for entry in entries], np.float64).reshape(len(entries), len(metrics)),
        np.array([entry["denominator"] for entry in entries], np.float64).reshape(len(entries), len(metrics)),
    )
