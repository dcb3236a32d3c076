"""The published counts of DeepFashion In-shop, held against what a reader found."""

from collections import Counter
from collections.abc import Sequence

from weft.benchmarks.record import Record

PUBLISHED = {
    "images": 52_712,
    "items": 7_982,
    "training images": 25_882,
    "training items": 3_997,
    "query images": 14_218,
    "gallery images": 12_612,
    "query and gallery items": 3_985,
}
"""Liu et al. (CVPR 2016), section 5.2, as the released partition has them."""
WHOLE = 0.5
"""From this share of the published images on, the data set means to be the whole one."""


def counts(records: Sequence[Record]) -> dict[str, int]:
    """The same counts of these records."""
    images = Counter(record.split for record in records)
    training = {record.product_id for record in records if record.split == "train"}
    scored = {record.product_id for record in records if record.split != "train"}
    return {
        "images": len(records),
        "items": len(training | scored),
        "training images": images["train"],
        "training items": len(training),
        "query images": images["query"],
        "gallery images": images["gallery"],
        "query and gallery items": len(scored),
    }


def told(records: Sequence[Record]) -> str:
    """What differs from the published counts, in a sentence."""
    found = counts(records)
    if found["images"] < WHOLE * PUBLISHED["images"]:
        return f"{found['images']:,} images: not the whole In-shop set, so its published counts are not asked for"
    differs = [
        f"{name}: {found[name]:,}, published {wanted:,}" for name, wanted in PUBLISHED.items() if found[name] != wanted
    ]
    if differs:
        return "differs from the published In-shop set: " + "; ".join(differs)
    return "the counts are those published of In-shop: " + ", ".join(
        f"{wanted:,} {name}" for name, wanted in PUBLISHED.items()
    )
