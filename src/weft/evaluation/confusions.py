"""Confusions: what the photo nearest to a query shows, by category, colour and whatever else is known of both."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from weft import tables
from weft.contracts.tables import CONFUSIONS
from weft.evaluation.aligned import Aligned
from weft.evaluation.outcome import Outcome
from weft.evaluation.rows import FINETUNE


def write_confusions(path: Path, outcome: Outcome, photos: Aligned, facets: Mapping[str, str]) -> None:
    """Write confusions.parquet of the trained model; without rows where nothing was searched for.

    Args:
        path: The file.
        outcome: Its strips are what queries found.
        photos: The benchmark.
        facets: By what is told apart: facet to the field of a record's labels.
    """
    table = pa.Table.from_pylist(_rows(outcome, photos, facets), schema=CONFUSIONS.schema)
    tables.write_table(path, table, CONFUSIONS)


def _rows(outcome: Outcome, photos: Aligned, facets: Mapping[str, str]) -> list[dict[str, object]]:
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
