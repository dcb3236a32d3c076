"""One category for each product of the own catalogue, out of all the paths under which its shop lists it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from weft import tables
from weft.contracts.tables import PRODUCTS

_COLUMNS = ("product_id", "categories")


def read_categories(path: Path) -> dict[str, str]:
    """Category by product_id; products without one are absent.

    Raises:
        ContractError: The file is missing or breaks the contract of products.
    """
    paths: dict[str, list[str]] = {}
    for table in tables.stream(path, PRODUCTS, _COLUMNS):
        for row in table.to_pylist():
            if row["categories"]:
                paths[row["product_id"]] = row["categories"]
    common = Counter(one for of_product in paths.values() for one in of_product)
    return {product: most_telling(of_product, common) for product, of_product in paths.items()}


def most_telling(paths: Sequence[str], common: Counter[str]) -> str:
    """The path of the most steps; of equals the commonest, since sales and brands are rarer than kinds of garment."""
    return min(paths, key=lambda path: (-path.count(" > "), -common[path], path))
