"""Examples for the report: queries with what they found, photos with their words. Failures first, then the usual."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from weft import tables
from weft.contracts.tables import EXAMPLES
from weft.evaluation import ranking
from weft.evaluation.aligned import Aligned
from weft.evaluation.outcome import Outcome, Tagged
from weft.evaluation.retrieval import Ranking
from weft.evaluation.rows import FINETUNE
from weft.evaluation.score_retrieval import STRIP
from weft.evaluation.search import Ints
from weft.evaluation.thumbnails import thumbnails

Example = dict[str, Any]


def collect_examples(
    photos: Aligned, outcome: Outcome, words: tuple[str, ...], fields: Iterable[str], count: int
) -> list[Example]:
    """Rows under the contract EXAMPLES, in the order of its key, with small JPEGs.

    Args:
        photos: The benchmark.
        outcome: What was found and predicted.
        words: The vocabulary by word_id.
        fields: The label fields that are the truth of a foreign photo; the own catalogue has its words.
        count: Examples of each kind; half of them the worst, half spread evenly over the others.
    """
    rows: list[Example] = []
    if outcome.strips:
        trained = outcome.strips[FINETUNE]
        queries = choose(_worst_first(trained), photos.products[trained.queries], count)
        for model, ranked in outcome.strips.items():
            for number, query in enumerate(queries):
                rows += _strip(photos, model, number, ranked, int(query))
    if outcome.tagged is not None:
        tagged = outcome.tagged
        worst_first = np.argsort(tagged.quality, kind="stable")
        for number, place in enumerate(choose(worst_first, photos.products[tagged.photos], count)):
            rows.append(_tags(photos, tagged, int(place), number, words, tuple(fields)))
    rows.sort(key=lambda row: tuple(row[name] for name in EXAMPLES.key))
    small = thumbnails(photos.data, {row["photo_id"] for row in rows})
    return [{**row, "jpeg": small[row["photo_id"]]} for row in rows]


def write_examples(path: Path, rows: list[Example]) -> None:
    """Write examples.parquet."""
    tables.write_table(path, pa.Table.from_pylist(rows, schema=EXAMPLES.schema), EXAMPLES)


def choose(worst_first: Ints, products: Ints, count: int) -> Ints:
    """Which candidates to show: half the worst, half evenly spread over the rest, each of another product.

    Args:
        worst_first: (candidates,), the candidates' places, the worst first.
        products: (candidates,), the product of each place.
        count: How many.

    Returns:
        At most `count` places: the worst, then the spread ones, ascending.
    """
    _, first = np.unique(products[worst_first], return_index=True)
    of_product = worst_first[np.sort(first)]
    worst = of_product[: (count + 1) // 2]
    rest = np.sort(of_product[len(worst) :])
    wanted = min(count - len(worst), len(rest))
    spread = rest[np.arange(wanted) * len(rest) // max(wanted, 1)]
    return np.concatenate([worst, spread])


def _worst_first(ranked: Ranking) -> Ints:
    """Queries that could be answered: the later their first hit, the fewer hits, the more to find, the worse."""
    order = np.lexsort((-ranked.positives, ranked.hits.sum(axis=1), -ranking.first_hit(ranked.hits)))
    return np.asarray(order[ranked.positives[order] > 0], np.int64)


def _strip(photos: Aligned, model: str, number: int, ranked: Ranking, query: int) -> list[Example]:
    rows = [_example("retrieval", model, number, 0, photos, int(ranked.queries[query]))]
    for place in range(min(STRIP, ranked.found.shape[1])):
        found = int(ranked.found[query, place])
        if found >= 0:
            row = _example("retrieval", model, number, place + 1, photos, found)
            row["score"] = float(ranked.similarities[query, place])
            row["correct"] = bool(ranked.hits[query, place])
            rows.append(row)
    return rows


def _tags(
    photos: Aligned, tagged: Tagged, place: int, number: int, words: tuple[str, ...], fields: tuple[str, ...]
) -> Example:
    photo = int(tagged.photos[place])
    record = photos.record(photo)
    row = _example("tags", FINETUNE, number, 0, photos, photo)
    row["predicted"] = [words[word_id] for word_id in tagged.predicted[place]]
    row["truth"] = [record.labels[name] for name in fields if name in record.labels]
    row["truth"] += [words[word_id] for word_id in sorted(set(record.word_ids))]
    return row


def _example(kind: str, model: str, number: int, rank: int, photos: Aligned, photo: int) -> Example:
    record = photos.record(photo)
    return {
        "kind": kind,
        "model": model,
        "example": number,
        "rank": rank,
        "photo_id": record.photo_id,
        "product_id": record.product_id,
        "score": None,
        "correct": None,
        "predicted": [],
        "truth": [],
    }
