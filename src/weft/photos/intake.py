"""The first pass of prepare: every photo decoded once, fitted, fingerprinted and spooled, or quarantined."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weft import progress, runtime, tables
from weft.contracts.tables import PHOTOS
from weft.errors import PhotoError
from weft.params import Prepare
from weft.photos.clusters import WITHIN
from weft.photos.decode import decode
from weft.photos.decode_ahead import ahead
from weft.photos.duplicates import Fingerprints
from weft.photos.fingerprint import fingerprint
from weft.photos.fit import encode, fit
from weft.photos.product_words import ProductWords
from weft.photos.spool import Spool

NO_WORD = "no word in the vocabulary"


@dataclass(frozen=True)
class _Taken:
    jpeg: bytes
    fingerprint: Fingerprints


class Quarantine:
    """The photos left out so far, as rows under QUARANTINE."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, product_id: str, view: int, reason: str, detail: str) -> None:
        """Leave one photo out."""
        self.rows.append({"product_id": product_id, "view": view, "reason": reason, "detail": detail})


def take_in(photos: Path, words: ProductWords, spool: Spool, quarantine: Quarantine, settings: Prepare) -> int:
    """Fill `spool` with the photos that can be used and `quarantine` with the others.

    Args:
        photos: Folder of shards under PHOTOS.
        words: The products' words: photos of products without any are not even decoded.
        spool: Takes the photos, in the order of the shards.
        quarantine: Takes the others with their reasons.
        settings: The section `prepare` of params.yaml.

    Returns:
        How many photos there were.
    """

    def work(row: dict[str, Any]) -> tuple[dict[str, Any], _Taken | PhotoError]:
        data = row.pop("bytes")
        try:
            return row, _take(data, settings)
        except PhotoError as error:
            return row, error

    total = tables.count_rows(photos)
    rows = _worth_decoding(photos, words, quarantine)
    for row, taken in progress.track(ahead(work, rows, runtime.workers()), "prepare photos", total, "photos"):
        if isinstance(taken, PhotoError):
            quarantine.add(row["product_id"], row["position"], taken.reason, taken.detail)
        else:
            place = words.place[row["product_id"]]
            spool.append(place, row["position"], row["colour"], taken.jpeg, taken.fingerprint)
    return total


def _take(data: bytes, settings: Prepare) -> _Taken:
    limits = settings.min_side, settings.max_aspect, settings.max_pixels
    image = decode(data, settings.height, settings.width, *limits)
    pixels = fit(image, settings.height, settings.width)
    return _Taken(encode(pixels, settings.jpeg_quality), fingerprint(pixels))


def _worth_decoding(photos: Path, words: ProductWords, quarantine: Quarantine) -> Iterator[dict[str, Any]]:
    owner = ""
    view_of: dict[str, int] = {}
    columns = ["product_id", "position", "colour", "sha256", "bytes"]
    for table in tables.read_shards(photos, PHOTOS, columns):
        for row in table.to_pylist():
            product_id, view = row["product_id"], row["position"]
            if product_id != owner:
                owner, view_of = product_id, {}
            if product_id not in words.place:
                quarantine.add(product_id, view, NO_WORD, "the product is not among the cleaned products")
            elif not len(words.ids(words.place[product_id])):
                quarantine.add(product_id, view, NO_WORD, "none of the product's tokens is in words.tsv")
            elif row["sha256"] in view_of:
                quarantine.add(product_id, view, WITHIN, f"the same bytes as view {view_of[row['sha256']]}")
            else:
                view_of[row["sha256"]] = view
                row["colour"] = sys.intern(row["colour"]) if row["colour"] else None
                yield row
