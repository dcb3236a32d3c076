"""Measure CPU time and peak memory of clean, vocabulary and prepare on generated catalogues of any size.

    python benchmarks/scale.py clean vocabulary --products 20000 100000 --shops 40
    python benchmarks/scale.py vocabulary --products 1300000 --shops 40 200
    python benchmarks/scale.py prepare --products 5000
    python benchmarks/scale.py duplicates --products 200000 2000000

The texts are those of the demo shops, with words that only one shop uses and rare words by Zipf's law. Each line of the
output is one run. With several sizes, a growth exponent follows: 1 means that twice the products take twice the time.
CPU time and memory are those of one process, so set `WEFT_WORKERS=1` for them; the time on the clock with
`WEFT_WORKERS=2` and more shows what other processes save.
"""

import argparse
import json
import math
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from weft import params, tables
from weft.contracts.tables import CLEANED_PRODUCTS, PHOTOS, PRODUCTS
from weft.demo.catalogue import DemoProduct, generate_product
from weft.demo.text_generation import generate_text, strip_tags
from weft.photos.duplicates import find_duplicate_groups
from weft.photos.prepare import prepare_photos
from weft.text.clean import clean_products
from weft.text.tokenize import tokenize
from weft.text.vocabulary import build_vocabulary

SEED = 11
ROWS_PER_WRITE = 5_000
PHOTOS_PER_PRODUCT = 4
_BASE_PRODUCTS = 5_000
"""Distinct demo texts; more products repeat them with other rare words."""
_MAX_RANK = 1_000_000
_SYLLABLES = ("ba", "de", "fi", "go", "lu", "ma", "ne", "pi", "ro", "su", "ta", "ve", "wi", "xo", "yu", "za")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="+", choices=sorted(WORKS), metavar="WORK", help=", ".join(WORKS))
    parser.add_argument("--products", type=int, nargs="+", default=[20_000])
    parser.add_argument("--shops", type=int, nargs="+", default=[40])
    parser.add_argument("--folder", type=Path, help="where the generated inputs stay; default: a temporary folder")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.works[0], args.folder, args.products[0], args.shops[0])))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        print(f"{'work':12} {'products':>10} {'shops':>6} {'CPU s':>8} {'wall s':>8} {'peak MB':>8}")
        for work in args.works:
            for shops in args.shops:
                report(work, folder, args.products, shops)


def report(work: str, folder: Path, sizes: list[int], shops: int) -> None:
    """Print one line for each size, and the growth exponent from the first size to the last."""
    results = []
    for products in sizes:
        arguments = [work, "--measure", "--products", str(products), "--shops", str(shops), "--folder", str(folder)]
        done = subprocess.run([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True, check=True)
        result = json.loads(done.stdout.splitlines()[-1])
        results.append(result["cpu_s"])
        print(
            f"{work:12} {products:>10,} {shops:>6} {result['cpu_s']:>8.1f} {result['wall_s']:>8.1f} "
            f"{result['peak_mb']:>8.0f}",
            flush=True,
        )
    if len(sizes) > 1:
        exponent = math.log(results[-1] / results[0]) / math.log(sizes[-1] / sizes[0])
        print(f"{work:12} CPU time grows with products to the power of {exponent:.2f}")


def measure(work: str, folder: Path, products: int, shops: int) -> dict[str, float]:
    """Generate the input in `folder` unless it is there, run one work and return its cost."""
    write_input, run = WORKS[work]
    source = write_input(folder, products, shops)
    tokenize("imports NLTK before the clock starts")
    before = time.process_time()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=folder) as out:
        run(source, Path(out) / "out")
    wall = time.monotonic() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu_s": time.process_time() - before, "wall_s": wall, "peak_mb": peak_mb}


def write_products(folder: Path, products: int, shops: int) -> Path:
    """Write PRODUCTS with texts of the demo, in a process of its own so that its memory is not measured."""
    return _write_in_child(folder / f"products-{products}-{shops}.parquet", "products", products, shops)


def write_cleaned(folder: Path, products: int, shops: int) -> Path:
    """Write CLEANED_PRODUCTS with the words of texts of the demo."""
    return _write_in_child(folder / f"cleaned-{products}-{shops}.parquet", "cleaned", products, shops)


def write_photos(folder: Path, products: int, shops: int) -> Path:
    """Write shards of PHOTOS: garments of two colours before a white background."""
    return _write_in_child(folder / f"photos-{products}-{shops}", "photos", products, shops)


def _write_in_child(path: Path, kind: str, products: int, shops: int) -> Path:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import scale, pathlib; "
        code += f"scale.WRITERS[{kind!r}](pathlib.Path({str(path)!r}), {products}, {shops})"
        subprocess.run([sys.executable, "-c", code], check=True)
    return path


def _write_products(path: Path, products: int, shops: int) -> None:
    rows = (_make_product_row(shop, number, n) for n, (shop, number) in enumerate(iter_keys(products, shops)))
    tables.write_stream(path, _iter_tables(rows, PRODUCTS.schema), PRODUCTS)


def _write_cleaned(path: Path, products: int, shops: int) -> None:
    rows = (_make_cleaned_row(shop, number, n) for n, (shop, number) in enumerate(iter_keys(products, shops)))
    tables.write_stream(path, _iter_tables(rows, CLEANED_PRODUCTS.schema), CLEANED_PRODUCTS)


def _write_photos(path: Path, products: int, shops: int) -> None:
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
    import hashlib
    import io

    from PIL import Image, ImageDraw

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


def write_fingerprints(folder: Path, products: int, shops: int) -> Path:
    """Write `products` fingerprints like those of photos before a white background, 1 in 20 of them a near copy."""
    path = folder / f"fingerprints-{products}-{shops}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, make_fingerprints(products, shops))
    return path


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


def run_clean(source: Path, out: Path) -> None:
    clean_products(source, out, params.load_params(Path("params.yaml")).clean)


def run_vocabulary(source: Path, out: Path) -> None:
    settings = params.load_params(Path("params.yaml"))
    vocabulary = replace(settings.vocabulary, min_document_frequency=max(2, settings.vocabulary.min_document_frequency))
    build_vocabulary(source, out, vocabulary, settings.prepare.val_share, settings.prepare.test_share)


def run_prepare(source: Path, out: Path) -> None:
    prepare_photos(source, out, params.load_params(Path("params.yaml")).prepare)


def run_duplicates(source: Path, out: Path) -> None:
    groups = find_duplicate_groups(np.load(source), params.load_params(Path("params.yaml")).prepare.phash_max_distance)
    np.save(out.with_suffix(".npy"), groups)


InputWriter = Callable[[Path, int, int], Path]
WORKS: dict[str, tuple[InputWriter, Callable[[Path, Path], None]]] = {
    "clean": (write_products, run_clean),
    "vocabulary": (write_cleaned, run_vocabulary),
    "prepare": (write_photos, run_prepare),
    "duplicates": (write_fingerprints, run_duplicates),
}
WRITERS: dict[str, Callable[[Path, int, int], None]] = {
    "products": _write_products,
    "cleaned": _write_cleaned,
    "photos": _write_photos,
}

if __name__ == "__main__":
    main()
