"""Write the ground truth of the catalogue for evaluation; no page of a shop contains it."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from weft import tables
from weft.demo.catalogue import generate_products
from weft.demo.text_generation import describe_attributes, get_true_words


def iter_ground_truth(count: int, seed: int) -> Iterator[dict[str, object]]:
    """Generate one record for each of the first `count` products of all shops.

    Yields:
        product_id ("<shop>/<sku>"), kind, gender, colour, shade, second_colour, pattern, sleeve, length, neckline
        (null if it does not apply), views (the kind of each photo), words (the correct words for the visible
        attributes) and said (the words of the shop's text, null if it does not mention an attribute).
    """
    for product in generate_products(seed, count):
        yield {
            "product_id": f"{product.shop}/{product.sku}",
            "kind": product.kind,
            "gender": product.gender,
            "colour": product.colour,
            "shade": product.shade,
            "second_colour": product.second_colour if product.pattern != "plain" else None,
            "pattern": product.pattern,
            "sleeve": product.sleeve,
            "length": product.length,
            "neckline": product.neckline,
            "views": list(product.views),
            "words": sorted(get_true_words(product).values()),
            "said": asdict(describe_attributes(product)),
        }


def write_ground_truth(path: Path, count: int, seed: int) -> None:
    """Write the ground truth of the first `count` products as JSON lines."""
    with tables.atomic_write(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        for record in iter_ground_truth(count, seed):
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
