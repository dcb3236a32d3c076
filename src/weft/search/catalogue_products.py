"""The products of the crawl as searches show and filter them."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from weft import tables
from weft.contracts.tables import PRODUCTS
from weft.errors import ContractError

PRODUCT_COLUMNS = ("product_id", "shop", "url", "title", "categories", "price", "currency", "availability", "colour")


@dataclass(frozen=True)
class CatalogueProduct:
    """A product of the catalogue, in the shop's words."""

    product_id: str
    shop: str
    url: str
    title: str
    categories: tuple[str, ...]
    """Paths such as "Women > Tops"."""
    price: float | None = None
    """In the shop's currency; None if the shop or an older crawl gives none."""
    currency: str | None = None
    """ISO 4217, such as "EUR"."""
    availability: str | None = None
    colour: str | None = None
    """The shop's name of the colour."""


def read_products(path: Path) -> dict[str, CatalogueProduct]:
    """Return the products of products.parquet by product_id; columns that an older file lacks are None.

    Raises:
        ContractError: The file is missing, is not Parquet, or breaks its contract.
    """
    return parse_products(read_product_table(path))


def read_product_table(path: Path) -> pa.Table:
    """Return those of PRODUCT_COLUMNS that products.parquet has. Raises as `read_products` does."""
    try:
        present = set(pq.read_schema(path).names) if path.is_file() else set(PRODUCT_COLUMNS)
    except (pa.ArrowInvalid, OSError) as error:
        raise ContractError(f"{path}: not a readable Parquet file of products: {error}") from error
    return tables.read_table(path, PRODUCTS, [name for name in PRODUCT_COLUMNS if name in present])


def parse_products(table: pa.Table) -> dict[str, CatalogueProduct]:
    """Return the products of a table of `read_product_table` by product_id."""
    products = {}
    for row in table.to_pylist():
        products[row["product_id"]] = CatalogueProduct(
            row["product_id"],
            row["shop"],
            row["url"],
            row["title"],
            tuple(row["categories"]),
            row.get("price"),
            row.get("currency"),
            row.get("availability"),
            row.get("colour"),
        )
    return products
