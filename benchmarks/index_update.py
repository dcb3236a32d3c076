"""Measure `weft index update` of a generated catalogue of which 1 % of the products have new photos.

    python benchmarks/index_update.py models/embedder 20000

The catalogue has three photos for each product. What does not change is never decoded by an update, so those photos are
random bytes of 15 kB, and the index that holds them is written with random vectors, without the model. The changed
products have photos of 480 x 640 pixels, which the update checks, resizes and embeds with the model. Three updates are
measured, each a process of its own as the user starts it: one without a change, one with 1 % of the products changed,
and one that removes a product that was purged, for which the segment that holds it is written again.
"""

import hashlib
import io
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

import weft
from weft import tables
from weft.contracts.tables import PHOTOS, PRODUCTS
from weft.params import Prepare
from weft.photos.ingest import IngestedPhoto
from weft.search import new_segment
from weft.search.crawl_photos import PurgedValues
from weft.search.index_update import UpdateSources, build_index

PHOTOS_PER_PRODUCT, CHANGED_SHARE = 3, 0.01
FINGERPRINT_BYTES, UNCHANGED_BYTES = 224, 15_000
PREPARE = Prepare(
    height=128, width=96, min_side=48, jpeg_quality=92, phash_max_distance=8, val_share=0.2, test_share=0.2
)


class RandomEncoder:
    """Stands for the model while the catalogue is made."""

    def __init__(self, model: weft.Model) -> None:
        self.digest, self.word_embeddings = model.digest, model.word_embeddings
        self._rng = np.random.default_rng(1)

    def embed_stream(self, photos: Iterable[tuple[Any, bytes]]) -> Iterator[tuple[list[Any], npt.NDArray[np.float32]]]:
        """Yield random vectors."""
        remaining = iter(photos)
        while keys := [key for key, _ in itertools.islice(remaining, 64)]:
            yield keys, self._rng.standard_normal((len(keys), self.word_embeddings.shape[1]), dtype=np.float32)


def take_as_it_is(data: bytes, _: Prepare) -> IngestedPhoto:
    """Stands for the checks and the resizing of a photo."""
    fingerprint = np.frombuffer(hashlib.shake_256(data).digest(FINGERPRINT_BYTES), np.uint8)
    return IngestedPhoto(data[:10_000], fingerprint, was_truncated=False)


def draw_photo(seed: int) -> bytes:
    blocks = np.random.default_rng(seed).integers(0, 256, (16, 12, 3))
    pixels = np.kron(blocks, np.ones((40, 40, 1))).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def write_crawl(folder: Path, num_products: int, num_changed: int) -> None:
    """Write the tables of a crawl in which the first products, if any, have changed."""
    rng = np.random.default_rng(2)
    step = num_products // num_changed if num_changed else num_products + 1

    def iter_photos() -> Iterator[dict[str, Any]]:
        for number in range(num_products):
            for position in range(PHOTOS_PER_PRODUCT):
                data = rng.bytes(UNCHANGED_BYTES)
                if number % step == step - 1:
                    data = draw_photo(number * PHOTOS_PER_PRODUCT + position)
                row = {"product_id": f"shop/{number:06}", "position": position, "colour": None}
                url = f"http://shop.example/{number}/{position}.jpg"
                yield row | {"url": url, "sha256": hashlib.sha256(data).hexdigest(), "bytes": data}

    tables.write_shards(folder / "photos", iter_photos(), PHOTOS)
    empty = dict.fromkeys(PRODUCTS.schema.names) | {"description": "", "categories": [], "attributes": []}
    products = [
        empty
        | {"product_id": f"shop/{n:06}", "shop": "shop", "url": f"http://shop.example/{n}", "title": f"Product {n}"}
        for n in range(num_products)
    ]
    tables.write_table(folder / "products.parquet", pa.Table.from_pylist(products, schema=PRODUCTS.schema), PRODUCTS)


def run_update(folder: Path, model: Path) -> dict[str, Any]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    options = ["--model", model, "--index", folder / "index", "--crawl", folder / "crawl", "--state", folder / "state"]
    command = [sys.executable, "-m", "weft.cli", "index", "update", *map(str, options)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_gigabytes": round(after.ru_maxrss * 1024 / 1e9, 2),
        "printed": done.stdout.splitlines()[-1].replace(str(folder), ""),
    }


def main() -> None:
    """Print one JSON line for each update."""
    model_folder, num_products = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    encoder = RandomEncoder(weft.load(model_folder))
    new_segment.process_photo = take_as_it_is
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "state").mkdir()
        write_crawl(folder / "crawl", num_products, 0)
        build_index(folder / "index", UpdateSources(folder / "crawl", PurgedValues(), encoder), PREPARE)
        print(json.dumps({"update": "nothing changed", **run_update(folder, model_folder)}), flush=True)
        write_crawl(folder / "crawl", num_products, int(CHANGED_SHARE * num_products))
        print(json.dumps({"update": "1 % of the products", **run_update(folder, model_folder)}), flush=True)
        (folder / "state" / "purged.jsonl").write_text('{"kind": "product", "value": "shop/000000"}\n')
        print(json.dumps({"update": "one product purged", **run_update(folder, model_folder)}), flush=True)
        print(json.dumps({"cores": os.cpu_count(), "load": os.getloadavg()[0]}))


if __name__ == "__main__":
    main()
