"""Export of finished crawls to the tables of a snapshot; the same crawls give the same bytes.

Command line: python -m crawler.export.export var/crawl/NAME-KEY.sqlite ... --out FOLDER
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from crawler.export.crawl_stats import CrawlStats, build_report, collect_crawl_stats, compute_totals
from crawler.export.quality_gate import check_quality
from crawler.storage.snapshot import Snapshot
from weft import errors, tables
from weft.contracts import files
from weft.contracts.product import Product
from weft.contracts.tables import FAILURES, PHOTOS, PRODUCTS, REMOVED_PRODUCTS
from weft.params import QualityChecks

PRODUCTS_PER_BATCH = 1_000
"""Number of products that are converted to Arrow at once."""


def export(
    snapshots: Sequence[Snapshot],
    out: Path,
    quality_checks: QualityChecks | None = None,
    languages: Mapping[str, str] | None = None,
) -> dict[str, float]:
    """Write products.parquet, photos/, failures.parquet, removed.parquet and report.json into `out`.

    Args:
        snapshots: Finished crawls.
        out: Folder of the tables.
        quality_checks: Thresholds; None for no checks.
        languages: Shop -> the language of all its texts, instead of the one that its pages state.

    Returns:
        The totals of the report: products, photos, failures, photos_per_product and the coverage of each field.

    Raises:
        ShopError: Two snapshots are of the same shop, a crawl fails a quality check, or the disk is full.
    """
    names = [snapshot.shop for snapshot in snapshots]
    if len(set(names)) < len(names):
        raise errors.ShopError(f"{', '.join(sorted(names))}: two crawls of the same shop; export only one of them")
    # Product ids begin with "<shop>/", so every table is sorted if the shops are in this order.
    ordered = sorted(snapshots, key=lambda snapshot: f"{snapshot.shop}/")
    quality_checks = quality_checks or QualityChecks()
    stats = [collect_crawl_stats(snapshot, quality_checks.placeholder_min_products) for snapshot in ordered]
    previous_stats = [
        _collect_previous_stats(snapshot, quality_checks.placeholder_min_products) for snapshot in ordered
    ]
    check_quality(list(zip(stats, previous_stats, strict=True)), quality_checks)
    try:
        return write_tables(
            out,
            products=(
                _product_row(product, languages or {}) for snapshot in ordered for product in snapshot.products()
            ),
            photos=_photo_rows(zip(ordered, stats, strict=True)),
            failures=[{"shop": s.shop, **failure._asdict()} for s in ordered for failure in s.failures()],
            removed=[{"shop": s.shop, **product._asdict()} for s in ordered for product in s.removed_products()],
            stats=stats,
        )
    except OSError as error:
        raise errors.ShopError(
            f"{out}: the tables cannot be written ({error}); the state files are kept: free disk space and run again"
        ) from error


def _collect_previous_stats(snapshot: Snapshot, placeholder_min_products: int) -> CrawlStats | None:
    path = snapshot.previous_state
    if path is None:
        return None
    previous = Snapshot(path)
    try:
        return collect_crawl_stats(previous, placeholder_min_products)
    finally:
        previous.close()


def write_tables(
    out: Path,
    *,
    products: Iterator[dict[str, Any]],
    photos: Iterator[dict[str, Any]],
    failures: list[dict[str, Any]],
    removed: list[dict[str, Any]],
    stats: Sequence[CrawlStats],
) -> dict[str, float]:
    """Write the tables of a snapshot from their rows; products and photos must be sorted by their keys.

    Returns:
        The totals of the report.
    """
    out.mkdir(parents=True, exist_ok=True)
    tables.write_stream(out / files.PRODUCTS, _product_batches(products), PRODUCTS)
    tables.write_shards(out / files.PHOTOS, photos, PHOTOS)
    tables.write_table(out / files.FAILURES, pa.Table.from_pylist(failures, schema=FAILURES.schema), FAILURES)
    tables.write_table(
        out / files.REMOVED_PRODUCTS, pa.Table.from_pylist(removed, schema=REMOVED_PRODUCTS.schema), REMOVED_PRODUCTS
    )
    crawl_report = build_report(stats)
    tables.write_text(out / files.REPORT, json.dumps(crawl_report, indent=2, ensure_ascii=False) + "\n")
    return {**compute_totals(sum((s.counts for s in stats), Counter[str]())), "failures": float(len(failures))}


def _product_batches(rows: Iterator[dict[str, Any]]) -> Iterator[pa.Table]:
    # A table without rows is still a file.
    yield PRODUCTS.schema.empty_table()
    while batch := list(islice(rows, PRODUCTS_PER_BATCH)):
        yield pa.Table.from_pylist(batch, schema=PRODUCTS.schema)


def _product_row(product: Product, languages: Mapping[str, str]) -> dict[str, Any]:
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
        "sku": product.sku,
        "gtin": product.gtin,
        "mpn": product.mpn,
        "group_id": product.group_id,
        "price": float(product.price) if product.price else None,
        "currency": product.currency,
        "availability": product.availability,
        "language": languages.get(product.shop, product.language),
    }


def _photo_rows(crawls: Iterable[tuple[Snapshot, CrawlStats]]) -> Iterator[dict[str, Any]]:
    """Iterate over the downloaded photos; failed photos and placeholders leave gaps in the positions."""
    for snapshot, stats in crawls:
        dropped = stats.placeholder_digests
        for product_id, photos in snapshot.galleries():
            for position, link in enumerate(photos):
                digest = snapshot.photo_digest(link.url)
                if digest is not None and digest not in dropped:
                    yield {
                        "product_id": product_id,
                        "position": position,
                        "colour": link.colour,
                        "url": link.url,
                        "sha256": digest,
                        "bytes": snapshot.photo_bytes(digest),
                    }


def main() -> None:
    """Export the state files given on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m crawler.export.export", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("states", type=Path, nargs="+", help="state files of finished crawls, NAME-KEY.sqlite")
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables")
    args = parser.parse_args()
    snapshots = [Snapshot(state) for state in args.states]
    totals = export(snapshots, args.out)
    sys.stderr.write(f"{args.out}: {totals['products']:.0f} products, {totals['photos']:.0f} photos\n")


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
