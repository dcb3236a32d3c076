"""Export: finished crawls to the tables of a snapshot. The same crawls give the same bytes.

By hand: python -m crawler.export var/crawl/NAME-KEY.sqlite ... --out FOLDER
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from crawler.snapshot import Snapshot
from weft import errors, tables
from weft.contracts import files
from weft.contracts.product import Product
from weft.contracts.tables import FAILURES, PHOTOS, PRODUCTS

BATCH = 1_000
"""Products turned to Arrow at once."""
_COVERED = ("description", "brand", "colour", "categories", "attributes", "photos")


def export(snapshots: Sequence[Snapshot], out: Path) -> dict[str, float]:
    """Write products.parquet, photos/, failures.parquet and report.json into `out`.

    Returns:
        The report's totals, flat: products, photos, failures, photos_per_product and the share of products that
        have each field.

    Raises:
        ShopError: Two snapshots are of one shop.
    """
    names = [snapshot.shop for snapshot in snapshots]
    if len(set(names)) < len(names):
        raise errors.ShopError(f"{', '.join(sorted(names))}: two crawls of one shop; export one of them")
    # Ids begin with "<shop>/", so this order of shops makes every table sorted.
    ordered = sorted(snapshots, key=lambda snapshot: f"{snapshot.shop}/")
    out.mkdir(parents=True, exist_ok=True)
    shops: dict[str, Counter[str]] = {snapshot.shop: Counter() for snapshot in ordered}
    batches = _batches(_product_rows(ordered, shops))
    tables.write(out / files.PRODUCTS, pa.Table.from_batches(batches, PRODUCTS.schema), PRODUCTS)
    tables.write_shards(out / files.PHOTOS, _photo_rows(ordered, shops), PHOTOS)
    failures: dict[str, Counter[str]] = {snapshot.shop: Counter() for snapshot in ordered}
    rows = list(_failure_rows(ordered, failures))
    tables.write(out / files.FAILURES, pa.Table.from_pylist(rows, schema=FAILURES.schema), FAILURES)
    for snapshot in ordered:
        shops[snapshot.shop]["pages_without_product"] = snapshot.pages_without_product()
    totals = _summary(sum(shops.values(), Counter()))
    report = {
        **totals,
        "failures": dict(sorted(sum(failures.values(), Counter()).items())),
        "shops": {
            name: {**_summary(counts), "failures": dict(sorted(failures[name].items()))}
            for name, counts in shops.items()
        },
    }
    tables.write_text(out / files.REPORT, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return {**totals, "failures": float(len(rows))}


def _product_rows(snapshots: Iterable[Snapshot], counts: dict[str, Counter[str]]) -> Iterator[dict[str, Any]]:
    for snapshot in snapshots:
        for product in snapshot.products():
            count = counts[snapshot.shop]
            count["products"] += 1
            count.update(f"with_{field}" for field in _COVERED if getattr(product, field))
            count["photos_named"] += len(product.photos)
            yield _row(product)


def _row(product: Product) -> dict[str, Any]:
    return {
        "product_id": product.product_id,
        "shop": product.shop,
        "url": product.url,
        "title": product.title,
        "description": product.description,
        "brand": product.brand,
        "colour": product.colour,
        "categories": list(product.categories),
        "attributes": [{"name": a.name, "value": a.value} for a in product.attributes],
    }


def _photo_rows(snapshots: Iterable[Snapshot], counts: dict[str, Counter[str]]) -> Iterator[dict[str, Any]]:
    """One row per photo that was had; one that was not leaves a gap in the positions."""
    for snapshot in snapshots:
        for product in snapshot.products():
            for position, link in enumerate(product.photos):
                digest = snapshot.photo_digest(link.url)
                if digest is None:
                    continue
                counts[snapshot.shop]["photos"] += 1
                yield {
                    "product_id": product.product_id,
                    "position": position,
                    "colour": link.colour,
                    "url": link.url,
                    "sha256": digest,
                    "bytes": snapshot.photo_bytes(digest),
                }


def _failure_rows(snapshots: Iterable[Snapshot], counts: dict[str, Counter[str]]) -> Iterator[dict[str, Any]]:
    for snapshot in snapshots:
        for failure in snapshot.failures():
            counts[snapshot.shop][f"{failure.kind}: {failure.reason}"] += 1
            yield {"shop": snapshot.shop, **failure._asdict()}


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[pa.RecordBatch]:
    while batch := list(islice(rows, BATCH)):
        yield pa.RecordBatch.from_pylist(batch, schema=PRODUCTS.schema)


def _summary(counts: Counter[str]) -> dict[str, float]:
    products = max(1, counts["products"])
    return {
        "products": counts["products"],
        "photos": counts["photos"],
        "photos_missing": counts["photos_named"] - counts["photos"],
        "photos_per_product": round(counts["photos"] / products, 3),
        "pages_without_product": counts["pages_without_product"],
        **{f"share_with_{field}": round(counts[f"with_{field}"] / products, 4) for field in _COVERED},
    }


def main() -> None:
    """Export state files named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m crawler.export", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("states", type=Path, nargs="+", help="state files of finished crawls, NAME-KEY.sqlite")
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables")
    args = parser.parse_args()
    snapshots = [Snapshot(state) for state in args.states]
    totals = export(snapshots, args.out)
    sys.stderr.write(f"{args.out}: {totals['products']:.0f} products, {totals['photos']:.0f} photos\n")


if __name__ == "__main__":
    sys.exit(errors.answer(main))
