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

from crawler.gate import check
from crawler.report import report, totals
from crawler.snapshot import Snapshot
from crawler.survey import Survey, survey
from weft import errors, tables
from weft.contracts import files
from weft.contracts.product import Product
from weft.contracts.tables import FAILURES, PHOTOS, PRODUCTS, WITHDRAWN
from weft.params import Gate

BATCH = 1_000
"""Products turned to Arrow at once."""


def export(snapshots: Sequence[Snapshot], out: Path, gate: Gate | None = None) -> dict[str, float]:
    """Write products.parquet, photos/, failures.parquet, withdrawn.parquet and report.json into `out`.

    Args:
        snapshots: Finished crawls.
        out: Folder of the tables.
        gate: Thresholds; None lets everything pass.

    Returns:
        The report's totals, flat: products, photos, failures, photos_per_product and the share of products that
        have each field.

    Raises:
        ShopError: Two snapshots are of one shop, a crawl does not pass the gate, or the disk is full.
    """
    names = [snapshot.shop for snapshot in snapshots]
    if len(set(names)) < len(names):
        raise errors.ShopError(f"{', '.join(sorted(names))}: two crawls of one shop; export one of them")
    # Ids begin with "<shop>/", so this order of shops makes every table sorted.
    ordered = sorted(snapshots, key=lambda snapshot: f"{snapshot.shop}/")
    gate = gate or Gate()
    surveys = [survey(snapshot, gate.placeholder_products) for snapshot in ordered]
    before = [_survey_before(snapshot, gate.placeholder_products) for snapshot in ordered]
    check(list(zip(surveys, before, strict=True)), gate)
    try:
        return write(
            out,
            products=(_row(product) for snapshot in ordered for product in snapshot.products()),
            photos=_photo_rows(zip(ordered, surveys, strict=True)),
            failures=[{"shop": s.shop, **failure._asdict()} for s in ordered for failure in s.failures()],
            withdrawn=[{"shop": s.shop, **product._asdict()} for s in ordered for product in s.withdrawn()],
            surveys=surveys,
        )
    except OSError as error:
        raise errors.ShopError(
            f"{out}: the tables cannot be written ({error}); the crawl is kept: make room and run again"
        ) from error


def _survey_before(snapshot: Snapshot, placeholder_products: int) -> Survey | None:
    path = snapshot.before
    if path is None:
        return None
    before = Snapshot(path)
    try:
        return survey(before, placeholder_products)
    finally:
        before.close()


def write(
    out: Path,
    *,
    products: Iterator[dict[str, Any]],
    photos: Iterator[dict[str, Any]],
    failures: list[dict[str, Any]],
    withdrawn: list[dict[str, Any]],
    surveys: Sequence[Survey],
) -> dict[str, float]:
    """Write the tables of a snapshot from their rows, products and photos sorted by their keys.

    Returns:
        The report's totals, flat.
    """
    out.mkdir(parents=True, exist_ok=True)
    tables.write_stream(out / files.PRODUCTS, _product_tables(products), PRODUCTS)
    tables.write_shards(out / files.PHOTOS, photos, PHOTOS)
    tables.write(out / files.FAILURES, pa.Table.from_pylist(failures, schema=FAILURES.schema), FAILURES)
    tables.write(out / files.WITHDRAWN, pa.Table.from_pylist(withdrawn, schema=WITHDRAWN.schema), WITHDRAWN)
    found = report(surveys)
    tables.write_text(out / files.REPORT, json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    return {**totals(sum((s.counts for s in surveys), Counter[str]())), "failures": float(len(failures))}


def _product_tables(rows: Iterator[dict[str, Any]]) -> Iterator[pa.Table]:
    # A table without rows is a file all the same.
    yield PRODUCTS.schema.empty_table()
    while batch := list(islice(rows, BATCH)):
        yield pa.Table.from_pylist(batch, schema=PRODUCTS.schema)


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


def _photo_rows(crawls: Iterable[tuple[Snapshot, Survey]]) -> Iterator[dict[str, Any]]:
    """One row per photo that was had; one that was not, or is a placeholder, leaves a gap in the positions."""
    for snapshot, found in crawls:
        dropped = found.dropped
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
