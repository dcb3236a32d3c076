"""One category for each product of the own catalogue, out of all the paths under which its shop lists it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from weft import tables
from weft.contracts.tables import PRODUCTS

_CATEGORY_COLUMNS = ("product_id", "categories")


def read_categories(path: Path) -> dict[str, str]:
    """Category by product_id; products without one are absent.

    Raises:
        ContractError: The file is missing or breaks the contract of products.
    """
    paths: dict[str, list[str]] = {}
    for table in tables.read_stream(path, PRODUCTS, _CATEGORY_COLUMNS):
        for row in table.to_pylist():
            if row["categories"]:
                paths[row["product_id"]] = row["categories"]
    path_counts = Counter(category_path for product_paths in paths.values() for category_path in product_paths)
    return {product: choose_deepest_category(product_paths, path_counts) for product, product_paths in paths.items()}


def choose_deepest_category(paths: Sequence[str], path_counts: Counter[str]) -> str:
    """The path of the most steps; of equals the commonest, since sales and brands are rarer than kinds of garment."""
    return min(paths, key=lambda path: (-path.count(" > "), -path_counts[path], path))
