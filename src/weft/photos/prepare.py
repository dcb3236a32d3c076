"""Turn crawled photos into shards of training photos without duplicates across splits."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from weft import splits, tables
from weft.contracts import files
from weft.contracts.tables import QUARANTINE, SPLITS
from weft.engine.map_shards import map_shards
from weft.params import Prepare
from weft.photos.duplicates import Indices, find_duplicate_groups
from weft.photos.ingest import IngestShard
from weft.photos.ingested_photos import IngestedPhotos
from weft.photos.photo_shards import list_photo_shards
from weft.photos.split_dedup import (
    DUPLICATE_ACROSS_SPLITS,
    MAX_PRODUCTS_PER_PICTURE,
    SHARED_BY_MANY_PRODUCTS,
    DedupResult,
    Exclusion,
    count_leaks,
    exclude_duplicates,
)
from weft.photos.write_splits import NO_SPLIT, write_splits

PHOTOS_PER_SHARD = 500
"""Preparing so many photos takes one to three seconds of a core."""
_ROWS_PER_TABLE = 10_000


def prepare_photos(photos: Path, out: Path, settings: Prepare) -> dict[str, float]:
    """Write `out`/{train,val,test}/*.parquet, quarantine.parquet and report.json.

    A photo is left out, with its reason in quarantine.parquet, if

    - it cannot be decoded, is tiny, long and narrow, animated or has too many pixels;
    - it repeats an earlier photo of its product;
    - too many products share it, so that it shows none of them;
    - its product shares a picture with a product of a split with precedence (`exclude_duplicates`).

    The texts of the products play no part, so that other words never need the photos again. Photos are read and written
    in shards (`weft.engine`). The main process holds a fingerprint and a few numbers per photo, never the photos.

    Args:
        photos: Folder of shards of PHOTOS.
        out: Folder to write; an existing one is replaced.
        settings: The section `prepare` of params.yaml.

    Returns:
        The counts of report.json: photos and products by split, quarantined photos by reason, duplicates.

    Raises:
        ContractError: An input breaks its contract. A broken photo never raises.
    """
    photo_shards = list_photo_shards(photos, PHOTOS_PER_SHARD)
    with tables.atomic_write(out) as temporary:
        buffer = temporary / "buffer"
        buffer.mkdir(parents=True)
        ingested = IngestedPhotos(tables.count_rows(photos))
        for shard in map_shards(IngestShard(buffer.absolute(), settings), photo_shards, "prepare photos"):
            ingested.append(shard)
        product_splits = _assign_splits(ingested.product_ids, settings)
        photo_groups = find_duplicate_groups(ingested.fingerprints, settings.phash_max_distance)
        dedup = exclude_duplicates(ingested.products, product_splits, photo_groups)
        write_splits(buffer, temporary, ingested, np.where(dedup.kept, product_splits[ingested.products], NO_SPLIT))
        shutil.rmtree(buffer)
        quarantined = pa.concat_tables([ingested.quarantined, *_iter_excluded(ingested, product_splits, dedup)])
        tables.write_table(temporary / files.QUARANTINE, quarantined, QUARANTINE)
        counts = _compute_counts(ingested, product_splits, photo_groups, dedup, quarantined)
        tables.write_text(temporary / files.REPORT, json.dumps(counts, indent=2) + "\n")
    return {key: float(value) for part in counts.values() for key, value in part.items()}


def _assign_splits(product_ids: list[str], settings: Prepare) -> Indices:
    """Return the split of each product, an index into SPLITS, (products,)."""
    names = (splits.assign_split(product_id, settings.val_share, settings.test_share) for product_id in product_ids)
    return np.fromiter((SPLITS.index(name) for name in names), np.int64, len(product_ids))


def _iter_excluded(ingested: IngestedPhotos, product_splits: Indices, dedup: DedupResult) -> Iterator[pa.Table]:
    """Yield the photos that are left out as rows of QUARANTINE, in tables of limited size."""
    excluded = dedup.iter_excluded()
    while batch := list(islice(excluded, _ROWS_PER_TABLE)):
        rows = [
            {
                "product_id": ingested.product_ids[ingested.products[photo]],
                "position": ingested.positions[photo],
                "reason": exclusion.reason,
                "detail": _describe_exclusion(exclusion, ingested, product_splits),
            }
            for photo, exclusion in batch
        ]
        yield pa.Table.from_pylist(rows, schema=QUARANTINE.schema)


def _describe_exclusion(exclusion: Exclusion, ingested: IngestedPhotos, product_splits: Indices) -> str:
    if exclusion.reason == DUPLICATE_ACROSS_SPLITS:
        kept, split = ingested.product_ids[exclusion.other], SPLITS[product_splits[exclusion.other]]
        return f"shares a picture, directly or through other products, with {kept} of {split}"
    if exclusion.reason == SHARED_BY_MANY_PRODUCTS:
        return f"expected at most {MAX_PRODUCTS_PER_PICTURE} products with the picture, got {exclusion.other}"
    return f"the same picture as the photo at position {ingested.positions[exclusion.other]}"


def _compute_counts(
    ingested: IngestedPhotos, product_splits: Indices, photo_groups: Indices, dedup: DedupResult, quarantined: pa.Table
) -> dict[str, dict[str, int]]:
    photo_products, kept = ingested.products, dedup.kept
    photo_splits = product_splits[photo_products]
    reasons = Counter({pair["values"]: pair["counts"] for pair in quarantined["reason"].value_counts().to_pylist()})
    return {
        "photos": {
            "photos": ingested.num_photos,
            **{f"{name}_photos": int((kept & (photo_splits == n)).sum()) for n, name in enumerate(SPLITS)},
            "quarantined_photos": quarantined.num_rows,
            "truncated_photos": ingested.num_truncated,
        },
        "products": {
            "products": len(product_splits),
            **{
                f"{name}_products": len(np.unique(photo_products[kept & (photo_splits == n)]))
                for n, name in enumerate(SPLITS)
            },
        },
        "quarantined": {reason.replace(" ", "_"): reasons[reason] for reason in sorted(reasons)},
        "duplicates": {
            "duplicate_photos": int((photo_groups != np.arange(len(photo_groups))).sum()),
            "duplicate_clusters": len(dedup.clusters),
            "largest_cluster": max((len(cluster) for cluster in dedup.clusters), default=0),
            "pictures_in_two_splits": count_leaks(photo_products, product_splits, photo_groups, kept),
        },
    }
