"""Details of a benchmark: recall over k, metrics per slice, confusions and nearest words."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pyarrow.compute as pc
from pydantic import Field, TypeAdapter, ValidationError

from weft import tables
from weft.contracts import files
from weft.contracts.tables import CONFUSIONS, FINETUNED, PER_QUERY, SLICES
from weft.errors import ContractError
from weft.report.glossary import metric_name, percent, points
from weft.report.number_forms import are_number_forms, drop_plurals
from weft.report.readers import missing_file_error, read_rows
from weft.report.tables import Results, list_metrics, verdict

MAX_K = 100
"""evaluate keeps at least this many photos of each ranked list; beyond it a first hit may be unknown."""
RETRIEVAL_TABLE = "retrieval"
MAX_CONFUSIONS = 12
_NOT_CONFUSABLE = ("kind of photo",)
"""Slices whose labels need not agree: a front view and a detail of one product are each other's best matches."""

NearestWords = dict[str, list[tuple[str, Annotated[float, Field(allow_inf_nan=False)]]]]
"""{word: [(nearest word, cosine similarity), ...]}, most similar first."""


@dataclass(frozen=True)
class RecallCurves:
    """Recall over k for each model, from one results table."""

    table: str
    n_queries: int
    curves: dict[str, list[tuple[float, float]]]
    """Model to (k, share of queries with a correct photo among the first k), for every k from 1."""

    def distinct_curves(self) -> dict[str, list[tuple[float, float]]]:
        """Return the curves to draw: models with equal curves share one, under both names."""
        models: dict[tuple[tuple[float, float], ...], list[str]] = {}
        for model, curve in self.curves.items():
            models.setdefault(tuple(curve), []).append(model)
        return {", ".join(names): list(curve) for curve, names in models.items()}

    def listed_k(self) -> list[int]:
        """Return the k of the table below the picture."""
        last = len(next(iter(self.curves.values())))
        return [k for k in (1, 2, 3, 5, 10, 20, 30, 50, 100) if k <= last]


def read_recall_curves(folder: Path, models: Sequence[str]) -> list[RecallCurves]:
    """Read per_query.parquet of a benchmark; the list is empty where the benchmark has no retrieval.

    Args:
        folder: The benchmark's report folder.
        models: The rows of the results tables in their order.

    Raises:
        ContractError: The file is missing or breaks its contract.
    """
    path = folder / files.PER_QUERY
    if not path.exists():
        raise missing_file_error(path, f"evaluate@{folder.name}")
    ranks: dict[str, dict[str, Counter[int]]] = {}
    for part in tables.read_stream(path, PER_QUERY, ("table", "model", "first_hit_rank")):
        for row in part.filter(pc.starts_with(part["table"], RETRIEVAL_TABLE)).to_pylist():
            by_model = ranks.setdefault(row["table"], {})
            by_model.setdefault(row["model"], Counter())[row["first_hit_rank"] or 0] += 1
    result = []
    for table, by_model in sorted(ranks.items()):
        max_k = min(MAX_K, max((max(counter) for counter in by_model.values()), default=0))
        ordered = [model for model in models if model in by_model]
        if not max_k:
            continue
        curves = {model: _recall_curve(by_model[model], max_k) for model in ordered}
        result.append(RecallCurves(table, by_model[ordered[0]].total(), curves))
    return result


def _recall_curve(ranks: Counter[int], max_k: int) -> list[tuple[float, float]]:
    curve, hits, n_queries = [], 0, ranks.total()
    for k in range(1, max_k + 1):
        hits += ranks[k]
        curve.append((float(k), hits / n_queries))
    return curve


@dataclass(frozen=True)
class SliceRow:
    """The metric of one slice for the baseline and the finetuned model, formatted."""

    slice_value: str
    n: int
    """The number of photos, or of occurrences of a word."""
    baseline: str
    finetuned: str
    interval: str
    """The confidence interval of the finetuned model."""
    difference: str
    difference_interval: str
    verdict: str
    """"gain" or "loss" where the paired interval excludes 0, else ""."""


@dataclass(frozen=True)
class SliceTable:
    """The slices of one results table by one attribute such as the colour."""

    table: str
    slice: str
    metric: str
    baseline: str
    """The first row of the results table."""
    rows: tuple[SliceRow, ...]


def read_slices(folder: Path, results: Results) -> dict[str, tuple[SliceTable, ...]]:
    """Read the first metric of each results table per slice; the slice with the lowest finetuned value comes first.

    Returns:
        The slices by results table, in the order of the results.

    Raises:
        ContractError: The file is missing or breaks its contract.
    """
    metric_order = {name: list_metrics(table) for name, table in results.tables.items()}
    rows = read_rows(folder / files.SLICES, SLICES, f"evaluate@{folder.name}")
    first_metrics: dict[tuple[str, str], str] = {}
    for row in rows:
        key, known = (row["table"], row["slice"]), metric_order.get(row["table"], [])
        if key not in first_metrics or _index(row["metric"], known) < _index(first_metrics[key], known):
            first_metrics[key] = row["metric"]
    groups: dict[tuple[str, str], dict[str, dict[str, dict[str, Any]]]] = {}
    for row in rows:
        key = (row["table"], row["slice"])
        if row["metric"] == first_metrics[key]:
            groups.setdefault(key, {}).setdefault(row["slice_value"], {})[row["model"]] = row
    slice_tables = [
        SliceTable(table, name, metric_name(first_metrics[table, name]), baseline, _slice_rows(values, baseline))
        for (table, name), values in sorted(groups.items())
        for baseline in [next(iter(results.tables.get(table, {})), "")]
    ]
    by_table = {name: tuple(one for one in slice_tables if one.table == name and one.rows) for name in metric_order}
    return {name: slices for name, slices in by_table.items() if slices}


def _index(metric: str, known: list[str]) -> int:
    return known.index(metric) if metric in known else len(known)


def _slice_rows(values: dict[str, dict[str, dict[str, Any]]], baseline_row: str) -> tuple[SliceRow, ...]:
    kept = []
    for slice_value, models in values.items():
        baseline, finetuned = models.get(baseline_row), models.get(FINETUNED)
        if baseline is None or finetuned is None or baseline_row == FINETUNED:
            continue
        delta, low, high = finetuned["delta"], finetuned["delta_ci_low"], finetuned["delta_ci_high"]
        row = SliceRow(
            slice_value,
            finetuned["n"],
            percent(baseline["value"]),
            percent(finetuned["value"]),
            f"{percent(finetuned['ci_low'])} to {percent(finetuned['ci_high'])}",
            "" if delta is None else points(delta),
            "" if low is None or high is None else f"{points(low)} to {points(high)}",
            verdict(None if delta is None or low is None or high is None else (delta, low, high)),
        )
        kept.append((finetuned["value"], row))
    return tuple(row for _, row in sorted(kept, key=lambda pair: (pair[0], pair[1].slice_value)))


@dataclass(frozen=True)
class Confusion:
    """Queries with one label whose nearest photo has another label."""

    true_label: str
    predicted_label: str
    count: int
    share: str
    """The share of all queries with the true label, in percent."""


@dataclass(frozen=True)
class SliceConfusions:
    """The confusions by one attribute."""

    slice: str
    n_queries: int
    n_wrong: int
    top_confusions: tuple[Confusion, ...]


def read_confusions(folder: Path) -> tuple[SliceConfusions, ...]:
    """Read the confusions of a benchmark; attributes without an error are left out.

    Raises:
        ContractError: The file is missing or breaks its contract.
    """
    by_slice: dict[str, list[tuple[str, str, int]]] = {}
    for row in read_rows(folder / files.CONFUSIONS, CONFUSIONS, f"evaluate@{folder.name}"):
        if row["slice"] in _NOT_CONFUSABLE:
            continue
        by_slice.setdefault(row["slice"], []).append((row["true_label"], row["predicted_label"], row["count"]))
    result = []
    for name, rows in by_slice.items():
        totals: Counter[str] = Counter()
        for true_label, _, count in rows:
            totals[true_label] += count
        wrong = sorted((row for row in rows if row[0] != row[1]), key=lambda row: (-row[2], row[:2]))
        if wrong:
            frequent = tuple(Confusion(*row, percent(row[2] / totals[row[0]])) for row in wrong[:MAX_CONFUSIONS])
            result.append(SliceConfusions(name, totals.total(), sum(row[2] for row in wrong), frequent))
    return tuple(result)


def read_nearest_words(folder: Path) -> NearestWords:
    """Read `folder`/nearest_words.json without plurals of listed words; empty where evaluate wrote none.

    evaluate writes none for benchmarks without product texts.

    Raises:
        ContractError: The file exists, but evaluate did not write it.
    """
    path = folder / files.NEAREST_WORDS
    if not path.exists():
        return {}
    try:
        nearest = TypeAdapter(NearestWords).validate_python(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise ContractError(
            f"{path}: expected {{word: [[word, similarity], ...]}}: {reason}; run the stage evaluate@{folder.name}"
        ) from error
    return {word: _drop_number_forms(word, nearest[word]) for word in drop_plurals(nearest)}


def _drop_number_forms(word: str, nearest: list[tuple[str, float]]) -> list[tuple[str, float]]:
    kept = set(drop_plurals(other for other, _ in nearest))
    return [pair for pair in nearest if pair[0] in kept and not are_number_forms(word, pair[0])]
