"""The tables of a crawl, written from a few products, as the stage crawl writes them."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from weft import tables
from weft.contracts.tables import PHOTOS, PRODUCTS


def write_crawl(folder: Path, photos: Mapping[str, Sequence[bytes]], titles: Mapping[str, str] | None = None) -> Path:
    """Write the products and the photos of a crawl.

    Args:
        folder: The output of the stage crawl.
        photos: The files of the photos of each product, by product_id.
        titles: The titles of products; by default their product_ids.
    """
    products: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for product_id in sorted(photos):
        url = f"http://shop.example/{product_id}"
        values = {"product_id": product_id, "shop": product_id.partition("/")[0], "url": url, "description": ""}
        values |= {"title": (titles or {}).get(product_id, product_id), "categories": [], "attributes": []}
        products.append(dict.fromkeys(PRODUCTS.schema.names) | values)
        for position, data in enumerate(photos[product_id]):
            digest = hashlib.sha256(data).hexdigest()
            row = {"product_id": product_id, "position": position, "colour": None, "url": f"{url}/{digest[:8]}.jpg"}
            rows.append(row | {"sha256": digest, "bytes": data})
    tables.write_table(folder / "products.parquet", pa.Table.from_pylist(products, schema=PRODUCTS.schema), PRODUCTS)
    tables.write_shards(folder / "photos", rows, PHOTOS)
    return folder
