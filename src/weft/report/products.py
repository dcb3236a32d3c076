"""What the shop says about a product that the page shows: title, price, and the link to its page."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from weft.contracts.tables import PRODUCTS
from weft.report.readers import iter_rows

_COLUMNS = ("product_id", "title", "url", "price", "currency")
_RESERVED_DOMAIN = ".example"
"""The top-level domain of the shops of the demo; it is reserved, so that its addresses lead nowhere (RFC 2606)."""


@dataclass(frozen=True)
class ShopProduct:
    """One product as the page shows it."""

    title: str
    price: str = ""
    """The price with its currency; empty where the shop states none."""
    url: str = ""
    """The product page; empty where the URL is not an http or https address."""


@dataclass(frozen=True)
class ShopProducts:
    """The products that the page shows, by product_id."""

    by_id: dict[str, ShopProduct] = field(default_factory=dict)

    def get(self, product_id: str) -> ShopProduct:
        """Return a product; one that is not in the catalogue, as those of other benchmarks, is titled by its id."""
        return self.by_id.get(product_id) or ShopProduct(product_id)

    @property
    def are_invented(self) -> bool:
        """Whether the products are those of the demo, whose pages do not exist."""
        return any(_get_host(product.url).endswith(_RESERVED_DOMAIN) for product in self.by_id.values())


def read_products(path: Path, product_ids: Iterable[str]) -> ShopProducts:
    """Read the given products from products.parquet of the crawl; a product that it lacks is left out.

    Raises:
        ContractError: The file is missing or broken.
    """
    requested = set(product_ids)
    products: dict[str, ShopProduct] = {}
    for row in iter_rows(path, PRODUCTS, "crawl", _COLUMNS):
        if row["product_id"] in requested:
            price = format_price(row["price"], row["currency"])
            products[row["product_id"]] = ShopProduct(row["title"], price, web_address(row["url"]))
    return ShopProducts(products)


def format_price(amount: float | None, currency: str | None) -> str:
    """Return a price such as "1,299.50 EUR" or "1,980 JPY"; empty without an amount."""
    if amount is None:
        return ""
    text = f"{amount:,.0f}" if float(amount).is_integer() else f"{amount:,.2f}"
    return f"{text} {currency}" if currency else text


def web_address(url: str) -> str:
    """Return `url` if a browser may follow it, else ""."""
    return url if url.startswith(("http://", "https://")) else ""


def _get_host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].partition(":")[0]
