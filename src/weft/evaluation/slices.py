"""Tables told apart by facet, and every photo's own score: breakdown.parquet, scores.parquet.

Confusions: what the photo nearest to a query shows, by category, colour and whatever else is known of both.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from weft import tables
from weft.contracts.tables import BREAKDOWN, CONFUSIONS, SCORES
from weft.evaluation.inputs import Aligned
from weft.evaluation.outcome import Outcome, measure
from weft.evaluation.results import FINETUNE, Scored

Row = dict[str, Any]

LEAST_ITEMS = 5
"""Of fewer items the bootstrap draws nearly the same again and again: its interval would be too narrow by far."""


def write_breakdown(path: Path, outcome: Outcome, resamples: int) -> None:
    """Write breakdown.parquet: each table again, of the photos of one value of one facet at a time."""
    table = pa.Table.from_pylist(_breakdown(outcome, resamples), schema=BREAKDOWN.schema)
    tables.write_table(path, table, BREAKDOWN)


def write_scores(path: Path, outcome: Outcome, photos: Aligned, words: Sequence[str]) -> None:
    """Write scores.parquet: what every photo gained in every table, by every model."""
    pieces = (
        pa.Table.from_pylist(rows, schema=SCORES.schema) for rows in _photo_scores(outcome, photos, words) if rows
    )
    tables.write_stream(path, pieces, SCORES)


def _breakdown(outcome: Outcome, resamples: int) -> list[Row]:
    rows: list[Row] = []
    for table, scored in outcome.tables.items():
        for facet, values in scored.facets.items():
            for value, observations in values.parts():
                rows += _rows(table, facet, value, scored.only(observations), resamples)
    for (table, facet, value), part in outcome.parts.items():
        rows += _rows(table, facet, value, part, resamples)
    return rows


def _rows(table: str, facet: str, value: str, part: Scored, resamples: int) -> Iterator[Row]:
    measured = measure(part, resamples)
    baseline = next(iter(part.gained))
    for model, metrics in measured.table.items():
        for metric, share in metrics.items():
            counted = part.counted(metric)
            items = len(np.unique(part.items[counted]))
            if items < LEAST_ITEMS:
                continue
            low, high = measured.intervals[model][metric]
            gain = measured.differences.get(model, {}).get(baseline, {}).get(metric, [None, None, None])
            yield {
                "table": table,
                "facet": facet,
                "value": value,
                "model": model,
                "metric": metric,
                "observations": len(counted),
                "items": items,
                "share": share,
                "low": low,
                "high": high,
                "gain": gain[0],
                "gain_low": gain[1],
                "gain_high": gain[2],
            }


def _photo_scores(outcome: Outcome, photos: Aligned, words: Sequence[str]) -> Iterator[list[Row]]:
    """The rows of a table and model at a time, each sorted by what was asked."""
    for table in sorted(outcome.tables):
        scored = outcome.tables[table]
        asked, products = _asked(scored, photos, words)
        order = sorted(range(len(scored)), key=asked.__getitem__)
        for model in sorted(scored.gained):
            metrics = scored.gained[model]
            gained = np.stack([metrics[name] for name in metrics], axis=1)
            possible = np.stack([scored.possible.get(name, np.ones(len(scored))) for name in metrics], axis=1)
            ranks = scored.ranks.get(model, np.zeros(len(scored), np.int64))
            yield [
                {
                    "table": table,
                    "model": model,
                    "asked": asked[row],
                    "product_id": products[row],
                    "item": int(scored.items[row]),
                    "rank": int(ranks[row]) or None,
                    "gained": gained[row].tolist(),
                    "possible": possible[row].tolist(),
                }
                for row in order
            ]


def _asked(scored: Scored, photos: Aligned, words: Sequence[str]) -> tuple[list[str], list[str | None]]:
    """What each observation asked about, a photo_id or a word, and the product of a photo."""
    if scored.of == "words":
        return [words[int(word)] for word in scored.photos], [None] * len(scored)
    records = list(photos.records(scored.photos))
    return [record.photo_id for record in records], [record.product_id for record in records]


def write_confusions(path: Path, outcome: Outcome, photos: Aligned, facets: Mapping[str, str]) -> None:
    """Write confusions.parquet of the trained model; without rows where nothing was searched for.

    Args:
        path: The file.
        outcome: Its strips are what queries found.
        photos: The benchmark.
        facets: By what is told apart: facet to the field of a record's labels.
    """
    table = pa.Table.from_pylist(_rows_confusions(outcome, photos, facets), schema=CONFUSIONS.schema)
    tables.write_table(path, table, CONFUSIONS)


def _rows_confusions(outcome: Outcome, photos: Aligned, facets: Mapping[str, str]) -> list[dict[str, object]]:
    ranked = outcome.strips.get(FINETUNE)
    if ranked is None or not ranked.found.shape[1]:
        return []
    found_any = np.flatnonzero(ranked.found[:, 0] >= 0)
    queries = photos.records(ranked.queries[found_any])
    nearest = photos.records(ranked.found[found_any, 0])
    counts: Counter[tuple[str, str, str]] = Counter()
    for query, found in zip(queries, nearest, strict=True):
        for facet, field in facets.items():
            if field in query.labels and field in found.labels:
                counts[facet, query.labels[field], found.labels[field]] += 1
    return [
        {"facet": facet, "shown": shown, "found": found, "queries": number}
        for (facet, shown, found), number in sorted(counts.items())
    ]
