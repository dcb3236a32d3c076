"""Algolia: the hits of a search index, which many shops fill with their products."""

from typing import Any

from crawler.page.document import clean_text

_INTERNAL_PREFIX = "_"


def is_product_json(entry: dict[str, Any]) -> bool:
    """Return whether `entry` is a hit."""
    return "objectID" in entry and bool({"name", "title"} & set(entry))


def to_record(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a flat record of a hit: the deepest category of each tree, and a price without its currency as a key."""
    record = {name: value for name, value in entry.items() if not name.startswith(_INTERNAL_PREFIX)}
    trees = [record.pop(name) for name in ("hierarchicalCategories", "hierarchical_categories") if name in record]
    trees += [record.pop(name) for name in ("categories", "category") if isinstance(record.get(name), dict)]
    paths = [path for tree in trees if isinstance(tree, dict) for path in _deepest_paths(tree)]
    if paths:
        record["categories"] = [path.replace(" /// ", " > ") for path in paths]
    price = record.get("price")
    if isinstance(price, dict) and price:
        code, value = next(iter(price.items()))
        record["price"] = value.get("default") if isinstance(value, dict) else value
        if clean_text(code).isupper():
            record["currency"] = code
    if "product_image" in record:
        record["image"] = record.pop("product_image")
    options = record.pop("options", None)
    if isinstance(options, dict):
        record["attributes"] = {**options, **(record.get("attributes") or {})}
    if record.get("handle") and not record.get("url"):
        record["url"] = f"/products/{record['handle']}"
    return record


def _deepest_paths(tree: dict[str, Any]) -> list[str]:
    """Return the paths of the last level of {"lvl0": "Women", "lvl1": "Women > Dresses"}."""
    levels = sorted(name for name, value in tree.items() if value)
    value = tree[levels[-1]] if levels else []
    return [clean_text(part) for part in (value if isinstance(value, list) else [value]) if clean_text(part)]
