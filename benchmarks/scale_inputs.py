"""Generate the inputs of benchmarks/scale.py: tables of products, photos and fingerprints of any size.

    python benchmarks/scale_inputs.py products OUT.parquet 20000 40

The texts are those of the demo shops, with words that only one shop uses and rare words by Zipf's law.
"""

import hashlib
import io
import random
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw

from weft import tables
from weft.contracts.tables import CLEANED_PRODUCTS, PHOTOS, PRODUCTS
from weft.demo.catalogue import DemoProduct, generate_product
from weft.demo.text_generation import generate_text, strip_tags

SEED = 11
ROWS_PER_WRITE = 5_000
PHOTOS_PER_PRODUCT = 4
_BASE_PRODUCTS = 5_000
"""Distinct demo texts; more products repeat them with other rare words."""
_MAX_RANK = 1_000_000
_SYLLABLES = ("ba", "de", "fi", "go", "lu", "ma", "ne", "pi", "ro", "su", "ta", "ve", "wi", "xo", "yu", "za")


def write_products(path: Path, products: int, shops: int) -> None:
    """Write PRODUCTS with texts of the demo."""
    rows = (_make_product_row(shop, number, n) for n, (shop, number) in enumerate(iter_keys(products, shops)))
    tables.write_stream(path, _iter_tables(rows, PRODUCTS.schema), PRODUCTS)


def write_cleaned(path: Path, products: int, shops: int) -> None:
    """Write CLEANED_PRODUCTS with the words of texts of the demo."""
    rows = (_make_cleaned_row(shop, number, n) for n, (shop, number) in enumerate(iter_keys(products, shops)))
    tables.write_stream(path, _iter_tables(rows, CLEANED_PRODUCTS.schema), CLEANED_PRODUCTS)


def write_photos(path: Path, products: int, shops: int) -> None:
    """Write shards of PHOTOS: coloured shapes before a white background."""
    tables.write_shards(path, _iter_photo_rows(products, shops), PHOTOS)


def iter_keys(products: int, shops: int) -> Iterator[tuple[str, int]]:
    """Yield shop and number of each product, sorted by product_id."""
    for shop in range(shops):
        for number in range(products // shops + (shop < products % shops)):
            yield f"shop{shop:04}", number


def _iter_tables(rows: Iterator[dict[str, Any]], schema: pa.Schema) -> Iterator[pa.Table]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS_PER_WRITE:
            yield pa.Table.from_pylist(batch, schema=schema)
            batch = []
    yield pa.Table.from_pylist(batch, schema=schema)


def _make_rare_word(rng: random.Random) -> str:
    """Return an invented word whose frequency follows Zipf's law: a rank drawn evenly on a logarithmic scale."""
    rank = int(_MAX_RANK ** rng.random())
    word = ""
    while rank:
        rank, digit = divmod(rank, len(_SYLLABLES))
        word += _SYLLABLES[digit]
    return word + "s"


@cache
def _get_demo_product(number: int) -> tuple[DemoProduct, str, str, str | None, tuple[str, ...]]:
    product = generate_product(SEED, number)
    text = generate_text(product)
    paths = tuple(sorted(" > ".join(path) for path in text.category_paths))
    return product, text.title, text.description_html, text.colour, paths


@cache
def _get_demo_words(number: int) -> list[str]:
    _, title, html, colour, paths = _get_demo_product(number)
    return re.findall(r"[a-z]+", strip_tags(" ".join([title, html, colour or "", *paths])).lower())


def _make_product_row(shop: str, number: int, n: int) -> dict[str, Any]:
    product, title, html, colour, paths = _get_demo_product(n % _BASE_PRODUCTS)
    rng = random.Random(f"{SEED} {n}")
    html += f"<p>The {_make_rare_word(rng)} line. Sent from our {shop}depot within {shop}days.</p>"
    return {
        "product_id": f"{shop}/{number:08}",
        "shop": shop,
        "url": f"https://{shop}.example/{number}",
        "title": title,
        "description": html,
        "brand": product.brand,
        "colour": colour,
        "categories": list(paths),
        "attributes": [{"name": "Fabric", "value": product.fabric}],
    }


def _make_cleaned_row(shop: str, number: int, n: int) -> dict[str, Any]:
    tokens = [*_get_demo_words(n % _BASE_PRODUCTS), _make_rare_word(random.Random(f"{SEED} {n}")), f"{shop}depot"]
    brand = _get_demo_product(n % _BASE_PRODUCTS)[0].brand.lower().split()
    row = {"product_id": f"{shop}/{number:08}", "shop": shop, "brand": brand}
    return {**row, "tokens": tokens, "in_short_fields": [position < 12 for position in range(len(tokens))]}


def _iter_photo_rows(products: int, shops: int) -> Iterator[dict[str, Any]]:
    for n, (shop, number) in enumerate(iter_keys(products, shops)):
        rng = random.Random(f"{SEED} photo {n}")
        for position in range(PHOTOS_PER_PRODUCT):
            image = Image.new("RGB", (480, 640), "white")
            draw = ImageDraw.Draw(image)
            for _ in range(6):
                x, y = rng.randrange(60, 300), rng.randrange(60, 420)
                colour = tuple(rng.randrange(256) for _ in range(3))
                draw.rounded_rectangle((x, y, x + rng.randrange(40, 180), y + rng.randrange(40, 200)), 20, colour)
            out = io.BytesIO()
            image.save(out, "JPEG", quality=88)
            data = out.getvalue()
            yield {
                "product_id": f"{shop}/{number:08}",
                "position": position,
                "colour": None,
                "url": f"https://{shop}.example/{number}/{position}.jpg",
                "sha256": hashlib.sha256(data).hexdigest(),
                "bytes": data,
            }


def make_fingerprints(count: int, poses: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return (count, 224) fingerprints of garments photographed alike.

    The photos of one pose share the outline: nine tenths of the bits of the hash, and the white cells at the border.
    """
    rng = np.random.default_rng(SEED)
    pose = rng.integers(0, poses, count)
    bits = rng.random((poses, 256)) < 0.5
    made = np.empty((count, 224), np.uint8)
    for begin in range(0, count, 100_000):
        rows = slice(begin, min(begin + 100_000, count))
        flips = rng.random((rows.stop - begin, 256)) < 0.1
        made[rows, :32] = np.packbits(bits[pose[rows]] ^ flips, axis=1)
        cells = np.full((rows.stop - begin, 8, 8, 3), 254, np.int64)
        garment = rng.integers(0, 256, (rows.stop - begin, 1, 1, 3))
        cells[:, 1:7, 2:6] = np.clip(garment + rng.integers(-25, 26, (rows.stop - begin, 6, 4, 3)), 0, 255)
        made[rows, 32:] = cells.reshape(-1, 192)
    copies = rng.choice(count, count // 20, replace=False)
    made[copies] = made[rng.integers(0, count, len(copies))]
    made[copies, -1] ^= 1
    return made


def write_fingerprints(path: Path, products: int, shops: int) -> None:
    """Write `products` fingerprints of photos in as many poses as there are shops."""
    np.save(path, make_fingerprints(products, shops))


WRITERS: dict[str, tuple[str, Callable[[Path, int, int], None]]] = {
    "products": (".parquet", write_products),
    "cleaned": (".parquet", write_cleaned),
    "photos": ("", write_photos),
    "fingerprints": (".npy", write_fingerprints),
}
"""Kind of input -> the ending of its name, and the function that writes it."""

if __name__ == "__main__":
    kind, path, num_products, num_shops = sys.argv[1:]
    WRITERS[kind][1](Path(path), int(num_products), int(num_shops))
