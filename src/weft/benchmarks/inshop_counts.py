"""The published counts of DeepFashion In-shop, held against what a reader found."""

from collections import Counter
from collections.abc import Sequence

from weft.benchmarks.record import PhotoRecord

PUBLISHED_COUNTS = {
    "images": 52_712,
    "items": 7_982,
    "training images": 25_882,
    "training items": 3_997,
    "query images": 14_218,
    "gallery images": 12_612,
    "query and gallery items": 3_985,
}
"""Liu et al. (CVPR 2016), section 5.2, as the released partition has them."""
MIN_COMPLETE_SHARE = 0.5
"""From this share of the published images on, the data set means to be the whole one."""


def compute_counts(records: Sequence[PhotoRecord]) -> dict[str, int]:
    """The same counts of these records."""
    images = Counter(record.split for record in records)
    training = {record.product_id for record in records if record.split == "train"}
    query_and_gallery = {record.product_id for record in records if record.split != "train"}
    return {
        "images": len(records),
        "items": len(training | query_and_gallery),
        "training images": images["train"],
        "training items": len(training),
        "query images": images["query"],
        "gallery images": images["gallery"],
        "query and gallery items": len(query_and_gallery),
    }


def describe_count_differences(records: Sequence[PhotoRecord]) -> str:
    """What differs from the published counts, in a sentence."""
    found = compute_counts(records)
    if found["images"] < MIN_COMPLETE_SHARE * PUBLISHED_COUNTS["images"]:
        return f"{found['images']:,} images: not the whole In-shop set, so its published counts are not asked for"
    differences = [
        f"{name}: {found[name]:,}, published {expected:,}"
        for name, expected in PUBLISHED_COUNTS.items()
        if found[name] != expected
    ]
    if differences:
        return "differs from the published In-shop set: " + "; ".join(differences)
    return "the counts are those published of In-shop: " + ", ".join(
        f"{expected:,} {name}" for name, expected in PUBLISHED_COUNTS.items()
    )
