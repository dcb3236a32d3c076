"""Merge: the snapshots of several machines, each of which crawled other shops, to the bytes of one machine's.

python -m crawler.merge data/crawl-1 data/crawl-2 --out data/crawl
"""

import argparse
import heapq
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crawler.export import write
from crawler.report import surveys_of
from crawler.survey import Survey
from weft import errors, tables
from weft.contracts import files
from weft.contracts.tables import FAILURES, PHOTOS, PRODUCTS, WITHDRAWN

_ROWS = 100
"""Photos of each folder in memory at once."""


def merge(folders: Sequence[Path], out: Path) -> dict[str, float]:
    """Write one snapshot of all shops in `folders` into `out`; memory does not grow with them.

    Returns:
        The report's totals, flat.

    Raises:
        ShopError: A shop stands in two of them, or a folder holds no snapshot.
        ContractError: A table in them is broken.
    """
    surveys = [survey for folder in folders for survey in _surveys(folder)]
    names = [survey.shop for survey in surveys]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise errors.ShopError(f"{', '.join(twice)}: in two of the snapshots; a shop is crawled by one shard alone")
    return write(
        out,
        products=heapq.merge(*map(_products, folders), key=lambda row: str(row["product_id"])),
        photos=heapq.merge(*map(_photos, folders), key=lambda row: (str(row["product_id"]), int(row["position"]))),
        failures=[row for folder in folders for row in tables.read(folder / files.FAILURES, FAILURES).to_pylist()],
        withdrawn=[row for folder in folders for row in tables.read(folder / files.WITHDRAWN, WITHDRAWN).to_pylist()],
        # As export sorts shops, so that tables are sorted too.
        surveys=sorted(surveys, key=lambda survey: f"{survey.shop}/"),
    )


def _surveys(folder: Path) -> list[Survey]:
    path = folder / files.REPORT
    try:
        return surveys_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise errors.ShopError(f"{path}: no report of a snapshot ({error!r}); wanted the out of a crawl") from error


def _products(folder: Path) -> Iterator[dict[str, Any]]:
    for piece in tables.stream(folder / files.PRODUCTS, PRODUCTS):
        yield from piece.to_pylist()


def _photos(folder: Path) -> Iterator[dict[str, Any]]:
    for piece in tables.read_shards(folder / files.PHOTOS, PHOTOS):
        for batch in piece.to_batches(max_chunksize=_ROWS):
            yield from batch.to_pylist()


def main() -> None:
    """Merge the folders named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m crawler.merge", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("snapshots", type=Path, nargs="+", help="outs of stages/crawl.py --shard, one folder each")
    parser.add_argument("--out", type=Path, required=True, help="folder of the merged tables")
    args = parser.parse_args()
    totals = merge(args.snapshots, args.out)
    sys.stderr.write(f"{args.out}: {totals['products']:.0f} products, {totals['photos']:.0f} photos\n")


if __name__ == "__main__":
    sys.exit(errors.answer(main))
