"""The ground truth of the catalogue, for scoring; no page of any shop serves it."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from weft import tables
from weft.demo.catalogue import products
from weft.demo.wording import said, true_words


def truth(count: int, seed: int) -> Iterator[dict[str, object]]:
    """One record for each of the first `count` products of all shops.

    Yields:
        product_id ("<shop>/<sku>"), kind, gender, colour, shade, second_colour, pattern, sleeve, length, neckline
        (null where it does not apply), views (what each photo shows), words (the words that rightly tell what can
        be seen) and said (what the shop's text tells instead, null where it is silent).
    """
    for product in products(seed, count):
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
            "words": sorted(true_words(product).values()),
            "said": asdict(said(product)),
        }


def write_truth(path: Path, count: int, seed: int) -> None:
    """Write the ground truth of the first `count` products as JSON lines."""
    with tables.atomic(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        for record in truth(count, seed):
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
