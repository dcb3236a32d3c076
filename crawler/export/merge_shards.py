"""Merge of the snapshots of several machines into the bytes that one machine would write.

Command line: python -m crawler.export.merge_shards data/crawl-1 data/crawl-2 --out data/crawl
"""

import argparse
import heapq
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crawler.export.crawl_stats import CrawlStats, parse_report
from crawler.export.export import write_tables
from weft import errors, tables
from weft.contracts import files
from weft.contracts.tables import FAILURES, PHOTOS, PRODUCTS, REMOVED_PRODUCTS

_PHOTOS_PER_BATCH = 100
"""Number of photos of each folder in memory at once."""


def merge_snapshots(folders: Sequence[Path], out: Path) -> dict[str, float]:
    """Write one snapshot of all shops in `folders` into `out`; memory does not grow with their size.

    Returns:
        The totals of the report.

    Raises:
        ShopError: Two folders contain the same shop, or a folder is not a snapshot.
        ContractError: A table is invalid.
    """
    stats = [shop_stats for folder in folders for shop_stats in _read_stats(folder)]
    names = [shop_stats.shop for shop_stats in stats]
    if duplicates := sorted({name for name in names if names.count(name) > 1}):
        raise errors.ShopError(f"{', '.join(duplicates)}: in two of the snapshots; a shop must be in one shard only")
    return write_tables(
        out,
        products=heapq.merge(*map(_read_products, folders), key=lambda row: str(row["product_id"])),
        photos=heapq.merge(*map(_read_photos, folders), key=lambda row: (str(row["product_id"]), int(row["position"]))),
        failures=[
            row for folder in folders for row in tables.read_table(folder / files.FAILURES, FAILURES).to_pylist()
        ],
        removed=[
            row
            for folder in folders
            for row in tables.read_table(folder / files.REMOVED_PRODUCTS, REMOVED_PRODUCTS).to_pylist()
        ],
        # The same order of shops as in export, so the tables are sorted.
        stats=sorted(stats, key=lambda shop_stats: f"{shop_stats.shop}/"),
    )


def _read_stats(folder: Path) -> list[CrawlStats]:
    path = folder / files.REPORT
    try:
        return parse_report(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise errors.ShopError(
            f"{path}: not the report of a snapshot ({error!r}); expected the output folder of a crawl"
        ) from error


def _read_products(folder: Path) -> Iterator[dict[str, Any]]:
    for table in tables.read_stream(folder / files.PRODUCTS, PRODUCTS):
        yield from table.to_pylist()


def _read_photos(folder: Path) -> Iterator[dict[str, Any]]:
    for table in tables.read_shards(folder / files.PHOTOS, PHOTOS):
        for batch in table.to_batches(max_chunksize=_PHOTOS_PER_BATCH):
            yield from batch.to_pylist()


def main() -> None:
    """Merge the folders given on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m crawler.export.merge_shards", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("snapshots", type=Path, nargs="+", help="outs of stages/crawl.py --shard, one folder each")
    parser.add_argument("--out", type=Path, required=True, help="folder of the merged tables")
    args = parser.parse_args()
    totals = merge_snapshots(args.snapshots, args.out)
    sys.stderr.write(f"{args.out}: {totals['products']:.0f} products, {totals['photos']:.0f} photos\n")


if __name__ == "__main__":
    sys.exit(errors.run_main(main))
