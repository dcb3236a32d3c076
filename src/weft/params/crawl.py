"""crawl: which shops, how politely."""

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from weft.params.gate import QualityChecks
from weft.params.kinds import STRICT_CONFIG, NonNegativeFloat, NonNegativeInt, PositiveInt, Slug


@dataclass(frozen=True, config=STRICT_CONFIG)
class Shop:
    """One shop to crawl."""

    name: Slug
    """Our name for it: the first part of every product_id."""
    url: Annotated[str, Field(pattern=r"^(?:https?://[^/\s]|demo:)")]
    """Where to start: http(s)://..., or demo:jsonld, demo:microdata, demo:opengraph for the built-in shops."""
    strategy: Literal["auto", "feed", "sitemap", "links", "products"] = "auto"
    """How products are found. auto: feeds of the shop's platform, else sitemaps together with the listings that the
    home page leads to. feed, sitemap, links: that alone, links from the page `url`. products: only `products`."""
    feed: str = ""
    """A Google Merchant feed, or a platform's product list, by URL; such a feed, a CSV or a JSON-lines catalogue by
    path. "" looks for Shopify's and WooCommerce's lists."""
    products: str = ""
    """With strategy products: URLs of product pages with commas between, or a file with one a line."""
    max_products: NonNegativeInt = 0
    """Stop after this many products; 0 takes all. So for the further limits."""
    max_pages: NonNegativeInt = 0
    """Pages asked: of products, listings and feeds."""
    max_photos: NonNegativeInt = 0
    max_bytes: NonNegativeInt = 0
    """Bytes of all answers, as decompressed; what is under way when it is reached still comes."""
    max_minutes: NonNegativeFloat = 0.0
    """Minutes of crawling, all runs of a crawl that was interrupted together."""
    delay: NonNegativeFloat | None = None
    """Seconds between two requests to one of its hosts, instead of crawl.delay."""
    allow_private: bool = False
    """The shop may lie at a private address (loopback, a company's network): it is our own."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Demo:
    """The built-in shops; used only by shops whose url begins with demo:."""

    products: PositiveInt
    """Products of all three demo shops together."""
    seed: NonNegativeInt


@dataclass(frozen=True, config=STRICT_CONFIG)
class Crawl:
    """Which shops, how politely."""

    snapshot: PositiveInt
    """Raise it to crawl again; the same number never asks a shop twice."""
    shops: Annotated[tuple[Shop, ...], Field(min_length=1)]
    delay: NonNegativeFloat
    """Seconds between two requests to one host at a private address, the demo's too; elsewhere at least 1, unless the
    shop has a delay of its own. robots.txt may ask for more."""
    concurrency: PositiveInt
    """Requests to one host under way at once."""
    demo: Demo
    contact: str = "crawler@example.com"
    """A mail or web address for the user agent; shops of others are not asked with this one."""
    gate: QualityChecks = field(default_factory=QualityChecks)
    """What each shop's crawl must reach."""
