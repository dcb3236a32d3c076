"""Examples for the report: queries with what they found, photos with their words. Failures first, then the usual.

The contact sheet of a benchmark: what queries found after finetune, then photos with the words told of them.

Small JPEGs of a few photos of a benchmark.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from weft import tables
from weft.contracts.tables import EXAMPLES
from weft.datasets.base import EvalDataset
from weft.evaluation import retrieval_metrics
from weft.evaluation.inputs import Aligned
from weft.evaluation.knn import Ints
from weft.evaluation.outcome import Outcome, Tagged
from weft.evaluation.results import FINETUNE
from weft.evaluation.retrieval_metrics import Ranking
from weft.evaluation.retrieval_task import STRIP
from weft.photos.contact_sheet import Tile, draw_contact_sheet
from weft.photos.decode import decode
from weft.photos.resize import encode_jpeg

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
    order = np.lexsort((-ranked.positives, ranked.hits.sum(axis=1), -retrieval_metrics.first_hit(ranked.hits)))
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


TILES_IN_ROW = 9
WORDS_ON_TILE = 3


def example_sheet(rows: list[Example]) -> bytes:
    """A JPEG; one row per query with a green frame around the right photos, then the tagged photos."""
    shown = [row for row in rows if row["model"] == FINETUNE]
    strips = [row for row in shown if row["kind"] == "retrieval"]
    sheet = [[_found(row) for row in strip] for _, strip in groupby(strips, key=lambda row: row["example"])]
    tagged = [_tagged(row) for row in shown if row["kind"] == "tags"]
    sheet += [tagged[start : start + TILES_IN_ROW] for start in range(0, len(tagged), TILES_IN_ROW)]
    return draw_contact_sheet(sheet)


def _found(row: Example) -> Tile:
    if row["rank"] == 0:
        return Tile(row["jpeg"], "query")
    return Tile(row["jpeg"], f"{row['score']:.2f}", "green" if row["correct"] else "red")


def _tagged(row: Example) -> Tile:
    return Tile(row["jpeg"], "\n".join(row["predicted"][:WORDS_ON_TILE]))


HEIGHT = 128
"""Pixels; a thumbnail is at most so high and twice as wide."""
_QUALITY = 88


def thumbnails(data: EvalDataset, wanted: AbstractSet[str]) -> dict[str, bytes]:
    """The wanted photos as JPEGs by photo_id, found in one pass over the benchmark.

    Raises:
        PhotoError: One of them cannot be decoded, though it could be when it was embedded.
    """
    small: dict[str, bytes] = {}
    if not wanted:
        return small
    for record, photo in data.photos():
        if record.photo_id in wanted:
            image = decode(photo, HEIGHT, HEIGHT)
            image.thumbnail((2 * HEIGHT, HEIGHT), Image.Resampling.BICUBIC)
            small[record.photo_id] = encode_jpeg(np.asarray(image), _QUALITY)
            if len(small) == len(wanted):
                break
    return small
