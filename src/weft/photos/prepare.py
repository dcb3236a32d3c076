"""Turn crawled photos into shards of training photos without duplicates across splits."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from weft import splits, tables
from weft.contracts import files
from weft.contracts.tables import PREPARED_PHOTOS, QUARANTINE, SPLITS
from weft.params import Prepare
from weft.photos.duplicates import Indices, find_duplicate_groups
from weft.photos.ingest import PhotoBuffer, Quarantine, ingest_photos, open_photo_buffer
from weft.photos.split_dedup import (
    DUPLICATE_ACROSS_SPLITS,
    MAX_PRODUCTS_PER_PICTURE,
    SHARED_BY_MANY_PRODUCTS,
    DedupResult,
    Exclusion,
    count_leaks,
    exclude_duplicates,
)


def prepare_photos(photos: Path, out: Path, settings: Prepare) -> dict[str, float]:
    """Write `out`/{train,val,test}/*.parquet, quarantine.parquet and report.json.

    A photo is left out, with its reason in quarantine.parquet, if

    - it cannot be decoded, is tiny, long and narrow, animated or has too many pixels;
    - it repeats an earlier photo of its product;
    - too many products share it, so that it shows none of them;
    - its product shares a picture with a product of a split with precedence (`exclude_duplicates`).

    The texts of the products play no part, so that other words never need the photos again. Memory holds a fingerprint
    and a few numbers per photo, never the photos.

    Args:
        photos: Folder of shards of PHOTOS.
        out: Folder to write; an existing one is replaced.
        settings: The section `prepare` of params.yaml.

    Returns:
        The counts of report.json: photos and products by split, quarantined photos by reason, duplicates.

    Raises:
        ContractError: An input breaks its contract. A broken photo never raises.
    """
    quarantine = Quarantine()
    with tables.atomic_write(out) as temporary, open_photo_buffer(temporary / "buffer") as buffer:
        n_crawled = ingest_photos(photos, buffer, quarantine, settings)
        product_splits = _assign_splits(buffer.product_ids, settings)
        photo_groups = find_duplicate_groups(buffer.get_fingerprint_array(), settings.phash_max_distance)
        dedup = exclude_duplicates(buffer.get_product_array(), product_splits, photo_groups)
        for photo, exclusion in dedup.excluded.items():
            detail = _describe_exclusion(exclusion, buffer, product_splits)
            product_id = buffer.product_ids[buffer.product_indices[photo]]
            quarantine.add(product_id, buffer.positions[photo], exclusion.reason, detail)
        for split_index, split_name in enumerate(SPLITS):
            rows = _iter_rows(split_index, product_splits, buffer, dedup)
            tables.write_shards(temporary / split_name, rows, PREPARED_PHOTOS)
        quarantined = pa.Table.from_pylist(quarantine.rows, schema=QUARANTINE.schema)
        tables.write_table(temporary / files.QUARANTINE, quarantined, QUARANTINE)
        counts = _compute_counts(n_crawled, quarantine, buffer, product_splits, photo_groups, dedup)
        tables.write_text(temporary / files.REPORT, json.dumps(counts, indent=2) + "\n")
    return {key: float(value) for part in counts.values() for key, value in part.items()}


def _assign_splits(product_ids: list[str], settings: Prepare) -> Indices:
    """Return the split of each product, an index into SPLITS, (products,)."""
    names = (splits.assign_split(product_id, settings.val_share, settings.test_share) for product_id in product_ids)
    return np.array([SPLITS.index(name) for name in names], np.int64)


def _iter_rows(
    split_index: int, product_splits: Indices, buffer: PhotoBuffer, dedup: DedupResult
) -> Iterator[dict[str, Any]]:
    for photo, product in enumerate(buffer.product_indices):
        if product_splits[product] == split_index and photo not in dedup.excluded:
            product_id, position = buffer.product_ids[product], buffer.positions[photo]
            yield {
                "product_id": product_id,
                "position": position,
                "photo_id": f"{product_id}#{position}",
                "colour": buffer.colours[photo],
                "jpeg": buffer.read_jpeg(photo),
            }


def _describe_exclusion(exclusion: Exclusion, buffer: PhotoBuffer, product_splits: Indices) -> str:
    if exclusion.reason == DUPLICATE_ACROSS_SPLITS:
        kept, split = buffer.product_ids[exclusion.other], SPLITS[product_splits[exclusion.other]]
        return f"shares a picture, directly or through other products, with {kept} of {split}"
    if exclusion.reason == SHARED_BY_MANY_PRODUCTS:
        return f"expected at most {MAX_PRODUCTS_PER_PICTURE} products with the picture, got {exclusion.other}"
    return f"the same picture as the photo at position {buffer.positions[exclusion.other]}"


def _compute_counts(
    n_crawled: int,
    quarantine: Quarantine,
    buffer: PhotoBuffer,
    product_splits: Indices,
    photo_groups: Indices,
    dedup: DedupResult,
) -> dict[str, dict[str, int]]:
    photo_products = buffer.get_product_array()
    kept = np.array([photo not in dedup.excluded for photo in range(len(buffer))], bool)
    photo_splits = product_splits[photo_products]
    reasons = Counter(row["reason"] for row in quarantine.rows)
    return {
        "photos": {
            "photos": n_crawled,
            **{f"{name}_photos": int((kept & (photo_splits == n)).sum()) for n, name in enumerate(SPLITS)},
            "quarantined_photos": len(quarantine.rows),
            "truncated_photos": buffer.num_truncated,
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
            "pictures_in_two_splits": count_leaks(photo_products, product_splits, photo_groups, dedup.excluded),
        },
    }
