"""Examples for the report and the contact sheet: queries with what they retrieve, photos with predicted words."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from weft import tables
from weft.contracts.arrays import Ints
from weft.contracts.tables import EXAMPLES, FINETUNED
from weft.datasets.base import EvalDataset
from weft.evaluation.benchmark_results import BenchmarkResults, TagPredictions
from weft.evaluation.inputs import EvalPhotos
from weft.evaluation.retrieval_metrics import RankedLists, first_hit_index
from weft.evaluation.retrieval_task import NUM_RETRIEVED_SHOWN
from weft.photos.contact_sheet import Tile, draw_contact_sheet
from weft.photos.decode import decode
from weft.photos.resize import encode_jpeg

Example = dict[str, Any]

TILES_PER_ROW = 9
WORDS_PER_TILE = 3
THUMBNAIL_HEIGHT = 128
"""Pixels: a thumbnail is at most this high and twice as wide."""
_JPEG_QUALITY = 88


def collect_examples(
    photos: EvalPhotos, results: BenchmarkResults, words: tuple[str, ...], fields: Iterable[str], count: int
) -> list[Example]:
    """Return rows under the contract EXAMPLES with thumbnails, sorted by its key.

    Args:
        photos: The benchmark.
        results: The ranked lists and the predicted words.
        words: The vocabulary by word_id.
        fields: Label fields to show as the truth; the own catalogue shows the words of the text.
        count: Examples of each kind: half are the worst, half are spread evenly over the others.
    """
    rows: list[Example] = []
    if results.ranked_examples:
        finetuned = results.ranked_examples[FINETUNED]
        queries = choose_examples(_sort_worst_first(finetuned), photos.products[finetuned.queries], count)
        for model, ranked in results.ranked_examples.items():
            for number, query in enumerate(queries):
                rows += _build_retrieval_rows(photos, model, number, ranked, int(query))
    if results.tag_predictions is not None:
        tags = results.tag_predictions
        worst_first = np.argsort(tags.quality, kind="stable")
        for number, index in enumerate(choose_examples(worst_first, photos.products[tags.photo_rows], count)):
            rows.append(_build_tag_row(photos, tags, int(index), number, words, tuple(fields)))
    rows.sort(key=lambda row: tuple(row[name] for name in EXAMPLES.key))
    thumbnails = make_thumbnails(photos.dataset, {row["photo_id"] for row in rows})
    return [{**row, "jpeg": thumbnails[row["photo_id"]]} for row in rows]


def write_examples(path: Path, rows: list[Example]) -> None:
    """Write examples.parquet."""
    tables.write_table(path, pa.Table.from_pylist(rows, schema=EXAMPLES.schema), EXAMPLES)


def choose_examples(worst_first: Ints, products: Ints, count: int) -> Ints:
    """Choose the worst candidates for one half and evenly spread ones for the other, at most one per product.

    Args:
        worst_first: (candidates,): indices of the candidates, the worst first.
        products: (candidates,): the product of each candidate.
        count: The number of examples.

    Returns:
        At most `count` indices: first the worst, then the others, ascending.
    """
    _, first = np.unique(products[worst_first], return_index=True)
    one_per_product = worst_first[np.sort(first)]
    worst = one_per_product[: (count + 1) // 2]
    rest = np.sort(one_per_product[len(worst) :])
    num_spread = min(count - len(worst), len(rest))
    spread = rest[np.arange(num_spread) * len(rest) // max(num_spread, 1)]
    return np.concatenate([worst, spread])


def _sort_worst_first(ranked: RankedLists) -> Ints:
    """Sort the queries with positives: a late first hit is worst, then few hits, then many positives."""
    order = np.lexsort((-ranked.num_positives, ranked.hits.sum(axis=1), -first_hit_index(ranked.hits)))
    return np.asarray(order[ranked.num_positives[order] > 0], np.int64)


def _build_retrieval_rows(
    photos: EvalPhotos, model: str, number: int, ranked: RankedLists, query: int
) -> list[Example]:
    rows = [_build_row("retrieval", model, number, 0, photos, int(ranked.queries[query]))]
    for position in range(min(NUM_RETRIEVED_SHOWN, ranked.retrieved.shape[1])):
        photo = int(ranked.retrieved[query, position])
        if photo >= 0:
            row = _build_row("retrieval", model, number, position + 1, photos, photo)
            row["score"] = float(ranked.similarities[query, position])
            row["correct"] = bool(ranked.hits[query, position])
            rows.append(row)
    return rows


def _build_tag_row(
    photos: EvalPhotos, tags: TagPredictions, index: int, number: int, words: tuple[str, ...], fields: tuple[str, ...]
) -> Example:
    photo = int(tags.photo_rows[index])
    record = photos.get_record(photo)
    row = _build_row("tags", FINETUNED, number, 0, photos, photo)
    row["predicted"] = [words[word_id] for word_id in tags.predicted_words[index]]
    row["truth"] = [record.labels[name] for name in fields if name in record.labels]
    if tags.text_words is not None:
        row["truth"] += [words[word_id] for word_id in tags.text_words[index]]
    return row


def _build_row(kind: str, model: str, number: int, rank: int, photos: EvalPhotos, photo: int) -> Example:
    record = photos.get_record(photo)
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


def draw_example_sheet(rows: list[Example]) -> bytes:
    """Return a JPEG: one row per query with green frames around correct photos, then the photos with their words."""
    shown = [row for row in rows if row["model"] == FINETUNED]
    retrieval = [row for row in shown if row["kind"] == "retrieval"]
    sheet = [
        [_retrieval_tile(row) for row in ranked] for _, ranked in groupby(retrieval, key=lambda row: row["example"])
    ]
    tagged = [_tag_tile(row) for row in shown if row["kind"] == "tags"]
    sheet += [tagged[start : start + TILES_PER_ROW] for start in range(0, len(tagged), TILES_PER_ROW)]
    return draw_contact_sheet(sheet)


def _retrieval_tile(row: Example) -> Tile:
    if row["rank"] == 0:
        return Tile(row["jpeg"], "query")
    return Tile(row["jpeg"], f"{row['score']:.2f}", "green" if row["correct"] else "red")


def _tag_tile(row: Example) -> Tile:
    return Tile(row["jpeg"], "\n".join(row["predicted"][:WORDS_PER_TILE]))


def make_thumbnails(dataset: EvalDataset, photo_ids: AbstractSet[str]) -> dict[str, bytes]:
    """Return small JPEGs of some photos by photo_id, in one pass over the benchmark.

    Raises:
        PhotoError: A photo cannot be decoded, although it could be when it was embedded.
    """
    thumbnails: dict[str, bytes] = {}
    if not photo_ids:
        return thumbnails
    for record, photo in dataset.photos():
        if record.photo_id in photo_ids:
            image = decode(photo, THUMBNAIL_HEIGHT, THUMBNAIL_HEIGHT)
            image.thumbnail((2 * THUMBNAIL_HEIGHT, THUMBNAIL_HEIGHT), Image.Resampling.BICUBIC)
            thumbnails[record.photo_id] = encode_jpeg(np.asarray(image), _JPEG_QUALITY)
            if len(thumbnails) == len(photo_ids):
                break
    return thumbnails
