"""prepare: the crawled photos, each decoded once, to shards of training photos without duplicates across splits."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from weft import splits, tables
from weft.contracts import files
from weft.contracts.tables import PREPARED, QUARANTINE, SPLITS
from weft.params import Prepare
from weft.photos.clusters import ACROSS, MOST_SHARING_PRODUCTS, SHARED, Decision, LeftOut, leaks, leave_out
from weft.photos.duplicates import Indices, duplicate_groups
from weft.photos.intake import Quarantine, take_in
from weft.photos.product_words import ProductWords, read_product_words
from weft.photos.spool import Spool, spooled


def prepare_photos(photos: Path, products: Path, words: Path, out: Path, settings: Prepare) -> dict[str, float]:
    """Write `out`/{train,val,test}/*.parquet, quarantine.parquet and report.json.

    A photo is left out, with its reason in quarantine.parquet, when it cannot be decoded, is tiny, animated or too
    large; when its product has no word of the vocabulary (nothing to learn from it and nothing to score it with, so
    in every split); when it repeats an earlier photo of its product; when so many products share it that it shows
    none of them; and when its product shares a picture with a product of a stronger split (`clusters.leave_out`).

    Memory holds a fingerprint and a few numbers per photo, never the photos.

    Args:
        photos: Folder of shards under PHOTOS.
        products: Table under CLEANED.
        words: words.tsv.
        out: Folder to write; replaced as a whole.
        settings: The section `prepare` of params.yaml.

    Returns:
        The counts of report.json: photos and products by split, photos left out by reason, duplicates.

    Raises:
        ContractError: An input breaks its contract. A photo never raises.
    """
    of_products = read_product_words(products, words)
    names = list(of_products.place)
    split_of = [SPLITS.index(splits.split_of(name, settings.val_share, settings.test_share)) for name in names]
    split = np.array(split_of, np.int64)
    quarantine = Quarantine()
    with tables.atomic(out) as temporary, spooled(temporary / "spool") as spool:
        crawled = take_in(photos, of_products, spool, quarantine, settings)
        group = duplicate_groups(spool.fingerprints(), settings.duplicate_distance)
        decision = leave_out(spool.products(), split, group)
        for photo, why in decision.left_out.items():
            other = _told(why, spool, names, split)
            quarantine.add(names[spool.product[photo]], spool.view[photo], why.reason, other)
        for number, name in enumerate(SPLITS):
            rows = _rows_of(number, split, spool, decision, of_products, names)
            tables.write_shards(temporary / name, rows, PREPARED)
        left_out = pa.Table.from_pylist(quarantine.rows, schema=QUARANTINE.schema)
        tables.write(temporary / files.QUARANTINE, left_out, QUARANTINE)
        counts = _counts(crawled, quarantine, spool, split, group, decision)
        tables.write_text(temporary / files.REPORT, json.dumps(counts, indent=2) + "\n")
    return {key: float(value) for part in counts.values() for key, value in part.items()}


def _rows_of(
    number: int, split: Indices, spool: Spool, decision: Decision, words: ProductWords, names: list[str]
) -> Iterator[dict[str, Any]]:
    for photo, product in enumerate(spool.product):
        if split[product] == number and photo not in decision.left_out:
            yield {
                "product_id": names[product],
                "view": spool.view[photo],
                "photo_id": f"{names[product]}#{spool.view[photo]}",
                "colour": spool.colour[photo],
                "jpeg": spool.jpeg(photo),
                "word_ids": words.ids(product),
                "named": words.named(product),
            }


def _told(why: LeftOut, spool: Spool, names: list[str], split: Indices) -> str:
    if why.reason == ACROSS:
        return f"shares a picture, itself or through others, with {names[why.other]} of {SPLITS[split[why.other]]}"
    if why.reason == SHARED:
        return f"on {why.other} products, wanted at most {MOST_SHARING_PRODUCTS}"
    return f"the same picture as view {spool.view[why.other]}"


def _counts(
    crawled: int, quarantine: Quarantine, spool: Spool, split: Indices, group: Indices, decision: Decision
) -> dict[str, dict[str, int]]:
    product = spool.products()
    kept = np.array([photo not in decision.left_out for photo in range(len(spool))], bool)
    of_photo = split[product]
    reasons = Counter(row["reason"] for row in quarantine.rows)
    return {
        "photos": {
            "photos": crawled,
            **{f"{name}_photos": int((kept & (of_photo == n)).sum()) for n, name in enumerate(SPLITS)},
            "quarantined_photos": len(quarantine.rows),
        },
        "products": {
            "products": len(split),
            **{f"{name}_products": len(np.unique(product[kept & (of_photo == n)])) for n, name in enumerate(SPLITS)},
        },
        "quarantined": {reason.replace(" ", "_"): reasons[reason] for reason in sorted(reasons)},
        "duplicates": {
            "duplicate_photos": int((group != np.arange(len(group))).sum()),
            "duplicate_clusters": len(decision.clusters),
            "largest_cluster": max((len(cluster) for cluster in decision.clusters), default=0),
            "pictures_in_two_splits": leaks(product, split, group, decision.left_out),
        },
    }
