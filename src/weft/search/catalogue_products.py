"""The products of the crawl as searches show and filter them."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from weft import tables
from weft.contracts.tables import PRODUCTS
from weft.errors import ContractError, InputError
from weft.progress import log_line

_COLUMNS = ("product_id", "shop", "url", "title", "categories", "price", "currency", "availability", "colour")
_MAX_SUGGESTIONS = 8


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


@dataclass(frozen=True)
class Filters:
    """Which products a search may find; false if it may find all."""

    shops: tuple[str, ...] = ()
    category: str | None = None
    """A part of a category path, in any letter case."""
    max_price: float | None = None
    """In the shop's currency."""

    def __bool__(self) -> bool:
        return bool(self.shops) or self.category is not None or self.max_price is not None


def read_products(path: Path) -> dict[str, CatalogueProduct]:
    """Return the products of products.parquet by product_id; columns that an older file lacks are None.

    Raises:
        ContractError: The file is missing, is not Parquet, or breaks its contract.
    """
    try:
        present = set(pq.read_schema(path).names) if path.is_file() else set(_COLUMNS)
    except (pa.ArrowInvalid, OSError) as error:
        raise ContractError(f"{path}: not a readable Parquet file of products: {error}") from error
    columns = [name for name in _COLUMNS if name in present]
    products = {}
    for row in tables.read_table(path, PRODUCTS, columns).to_pylist():
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


def select_products(products: dict[str, CatalogueProduct], filters: Filters) -> frozenset[str] | None:
    """Return the ids of the products that pass all filters; None if there is no filter.

    Raises:
        InputError: A filter alone leaves no product, so it is probably misspelt.
    """
    if not filters:
        return None
    selected = list(products.values())
    if filters.shops:
        for shop in filters.shops:
            _require(any(product.shop == shop for product in selected), f"--shop {shop}", _list_shops(selected))
        selected = [product for product in selected if product.shop in filters.shops]
    if filters.category is not None:
        part = filters.category.casefold()

        def has_category(product: CatalogueProduct) -> bool:
            return any(part in category.casefold() for category in product.categories)

        _require(
            any(map(has_category, products.values())), f"--category {filters.category}", _list_categories(selected)
        )
        selected = [product for product in selected if has_category(product)]
    if filters.max_price is not None:
        selected = _select_by_price(selected, filters.max_price)
    if not selected:
        log_line("no product passes all filters")
    return frozenset(product.product_id for product in selected)


def _select_by_price(products: list[CatalogueProduct], max_price: float) -> list[CatalogueProduct]:
    priced = [(product, product.price) for product in products if product.price is not None]
    if not priced and products:
        raise InputError("--max-price: none of these products has a price; crawl again, or leave this filter out")
    if len(priced) < len(products):
        log_line(f"{len(products) - len(priced):,} of {len(products):,} products have no price and are left out")
    currencies = sorted({product.currency or "unknown" for product, _ in priced})
    if len(currencies) > 1:
        log_line(f"--max-price compares numbers of several currencies: {', '.join(currencies)}")
    return [product for product, price in priced if price <= max_price]


def _require(has_match: bool, option: str, names: list[str]) -> None:
    if not has_match:
        more = ", ..." if len(names) > _MAX_SUGGESTIONS else ""
        raise InputError(f"{option}: no product matches; expected one of: {', '.join(names[:_MAX_SUGGESTIONS])}{more}")


def _list_shops(products: list[CatalogueProduct]) -> list[str]:
    return sorted({product.shop for product in products})


def _list_categories(products: list[CatalogueProduct]) -> list[str]:
    return sorted({category for product in products for category in product.categories})
