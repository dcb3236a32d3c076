"""The three demo shops: their names, markups and page layouts."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DemoShop:
    """One fictional shop."""

    name: str
    markup: str
    """"jsonld", "microdata" or "opengraph"."""
    title: str
    """The name in its boilerplate."""
    sku_prefix: str
    brands: tuple[str, ...]
    page_size: int
    """Products per listing page."""
    page_parameter: str
    tracking_query: str
    """Query that listings append to product links."""
    has_sitemap: bool
    disallowed: tuple[str, ...]
    """Path prefixes that robots.txt disallows; pages link to all of them."""
    footer: tuple[str, ...]


SHOPS = (
    DemoShop(
        name="alder",
        markup="jsonld",
        title="Alder & Sons",
        sku_prefix="AL",
        brands=("Alder", "Fenwick Mill", "Harrow Lane", "Pike & Thistle"),
        page_size=24,
        page_parameter="page",
        tracking_query="utm_source=listing&utm_medium=grid",
        has_sitemap=True,
        disallowed=("/basket", "/account", "/search"),
        footer=(
            "Alder & Sons, gentlefolk's outfitters since 1894.",
            "Free standard delivery on orders over £60. Returns within 28 days.",
        ),
    ),
    DemoShop(
        name="brunel",
        markup="microdata",
        title="Brunel",
        sku_prefix="BR",
        brands=("Brunel", "Gauge", "Saltash", "Number Nine"),
        page_size=18,
        page_parameter="p",
        tracking_query="ref=plp",
        has_sitemap=True,
        disallowed=("/checkout", "/wishlist", "/filter"),
        footer=(
            "Brunel. Built to be worn.",
            "Order before ten for delivery next working day. Sign up for our newsletter and save 10%.",
        ),
    ),
    DemoShop(
        name="corso",
        markup="opengraph",
        title="Corso",
        sku_prefix="CO",
        brands=("Corso", "Lido", "Via Nove", "Mezzanine", "Bellariva"),
        page_size=30,
        page_parameter="pg",
        tracking_query="src=cat&sid=7f3a",
        has_sitemap=False,
        disallowed=("/cart", "/quickview", "/compare"),
        footer=(
            "Corso: la dolce vita, delivered.",
            "Join the Corso Club for early access, birthday treats and free returns, always.",
        ),
    ),
)

SHOPS_BY_NAME = {shop.name: shop for shop in SHOPS}
SHOPS_BY_MARKUP = {shop.markup: shop for shop in SHOPS}
