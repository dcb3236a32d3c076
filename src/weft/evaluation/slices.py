"""The tables of single slices and of single queries: slices.parquet, per_query.parquet, confusions.parquet."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from weft import tables
from weft.contracts.tables import CONFUSIONS, FINETUNED, PER_QUERY, SLICES
from weft.evaluation.benchmark_results import BenchmarkResults, compute_table_with_ci
from weft.evaluation.inputs import EvalPhotos
from weft.evaluation.per_query_scores import PerQueryScores

Row = dict[str, Any]

MIN_CLUSTERS = 5
"""With fewer clusters the bootstrap samples hardly differ and the interval would be far too narrow."""


def write_slices(path: Path, results: BenchmarkResults, num_samples: int) -> None:
    """Write slices.parquet: the metrics of each table for every value of every slice."""
    table = pa.Table.from_pylist(_build_slice_rows(results, num_samples), schema=SLICES.schema)
    tables.write_table(path, table, SLICES)


def write_per_query(path: Path, results: BenchmarkResults, photos: EvalPhotos, words: Sequence[str]) -> None:
    """Write per_query.parquet: numerators and denominators of every query in every table, for every model."""
    batches = (
        pa.Table.from_pylist(rows, schema=PER_QUERY.schema) for rows in _iter_query_rows(results, photos, words) if rows
    )
    tables.write_stream(path, batches, PER_QUERY)


def write_confusions(path: Path, results: BenchmarkResults, photos: EvalPhotos, fields: Mapping[str, str]) -> None:
    """Write confusions.parquet of the fine-tuned model; it has no rows where the benchmark has no ranked lists.

    Args:
        path: The file.
        results: Its ranked lists are read.
        photos: The benchmark.
        fields: Slice to the key in `PhotoRecord.labels`.
    """
    table = pa.Table.from_pylist(_count_confusions(results, photos, fields), schema=CONFUSIONS.schema)
    tables.write_table(path, table, CONFUSIONS)


def _build_slice_rows(results: BenchmarkResults, num_samples: int) -> list[Row]:
    rows: list[Row] = []
    for table, scores in results.tables.items():
        for name, column in scores.slices.items():
            for value, queries in column.subsets():
                rows += _measure_slice(table, name, value, scores.subset(queries), num_samples)
    for (table, name, value), scores in results.extra_slices.items():
        rows += _measure_slice(table, name, value, scores, num_samples)
    return rows


def _measure_slice(table: str, name: str, slice_value: str, scores: PerQueryScores, num_samples: int) -> Iterator[Row]:
    computed = compute_table_with_ci(scores, num_samples)
    baseline = next(iter(scores.numerators))
    for model, metrics in computed.table.items():
        for metric, value in metrics.items():
            counted = scores.get_counted_queries(metric)
            num_clusters = len(np.unique(scores.cluster_ids[counted]))
            if num_clusters < MIN_CLUSTERS:
                continue
            ci_low, ci_high = computed.intervals[model][metric]
            delta = computed.differences.get(model, {}).get(baseline, {}).get(metric, [None, None, None])
            yield {
                "table": table,
                "slice": name,
                "slice_value": slice_value,
                "model": model,
                "metric": metric,
                "n": len(counted),
                "n_clusters": num_clusters,
                "value": value,
                "ci_low": ci_low,
                "ci_high": ci_high,
                "delta": delta[0],
                "delta_ci_low": delta[1],
                "delta_ci_high": delta[2],
            }


def _iter_query_rows(results: BenchmarkResults, photos: EvalPhotos, words: Sequence[str]) -> Iterator[list[Row]]:
    """Yield the rows of one table and model at a time, sorted by query_id."""
    for table in sorted(results.tables):
        scores = results.tables[table]
        query_ids, product_ids = _get_ids(scores, photos, words)
        order = sorted(range(len(scores)), key=query_ids.__getitem__)
        ones = np.ones(len(scores))
        for model in sorted(scores.numerators):
            metrics = scores.numerators[model]
            numerators = np.stack([metrics[name] for name in metrics], axis=1)
            denominators = np.stack([scores.denominators.get(name, ones) for name in metrics], axis=1)
            ranks = scores.first_hit_ranks.get(model, np.zeros(len(scores), np.int64))
            yield [
                {
                    "table": table,
                    "model": model,
                    "query_id": query_ids[query],
                    "product_id": product_ids[query],
                    "cluster_id": int(scores.cluster_ids[query]),
                    "first_hit_rank": int(ranks[query]) or None,
                    "numerator": numerators[query].tolist(),
                    "denominator": denominators[query].tolist(),
                }
                for query in order
            ]


def _get_ids(scores: PerQueryScores, photos: EvalPhotos, words: Sequence[str]) -> tuple[list[str], list[str | None]]:
    """Return the query_id of each query, a photo_id or a word, and the product of a photo."""
    if scores.query_kind == "words":
        return [words[int(word)] for word in scores.query_indices], [None] * len(scores)
    records = list(photos.iter_records(scores.query_indices))
    return [record.photo_id for record in records], [record.product_id for record in records]


def _count_confusions(results: BenchmarkResults, photos: EvalPhotos, fields: Mapping[str, str]) -> list[Row]:
    """Count (true label, label of the nearest photo) per slice, where both are known."""
    ranked = results.ranked_examples.get(FINETUNED)
    if ranked is None or not ranked.retrieved.shape[1]:
        return []
    has_answer = np.flatnonzero(ranked.retrieved[:, 0] >= 0)
    queries = photos.iter_records(ranked.queries[has_answer])
    nearest = photos.iter_records(ranked.retrieved[has_answer, 0])
    counts: Counter[tuple[str, str, str]] = Counter()
    for query, found in zip(queries, nearest, strict=True):
        for name, label in fields.items():
            if label in query.labels and label in found.labels:
                counts[name, query.labels[label], found.labels[label]] += 1
    return [
        {"slice": name, "true_label": true_label, "predicted_label": predicted_label, "count": count}
        for (name, true_label, predicted_label), count in sorted(counts.items())
    ]
