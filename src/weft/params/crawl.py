"""crawl: which shops, how politely.

crawl.gate: what a crawl must reach before it is handed on.
"""

from dataclasses import field
from math import inf
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from weft.params.types import STRICT_CONFIG, NonNegativeFloat, NonNegativeInt, PositiveInt, Slug, UnitInterval

COVERAGE_FIELDS = ("title", "description", "brand", "colour", "categories", "attributes", "photos")
"""Fields whose coverage is counted."""


def _check_coverage_fields(shares: dict[str, float]) -> dict[str, float]:
    if unknown := sorted(set(shares) - {*COVERAGE_FIELDS}):
        raise ValueError(f"{', '.join(unknown)}: wanted fields of products, of {', '.join(COVERAGE_FIELDS)}")
    return shares


@dataclass(frozen=True, config=STRICT_CONFIG)
class QualityChecks:
    """What each shop's crawl must reach before it is handed on; left out, a key lets everything pass."""

    min_products: NonNegativeInt = 0
    min_field_coverage: Annotated[dict[str, UnitInterval], AfterValidator(_check_coverage_fields)] = field(default_factory=dict)
    """By field of a product, the share of products that must have it: {description: 0.5}."""
    min_photos_per_product: NonNegativeFloat = 0.0
    """Placeholders do not count."""
    max_failure_rate: dict[str, UnitInterval] = field(default_factory=dict)
    """By reason ("HTTP 404", or "photo: HTTP 404"), the share of pages or of photos that may fail with it; "*" is for
    each reason not named."""
    placeholder_min_products: NonNegativeInt = 10
    """A photo that so many products show is a placeholder and is dropped; 0 drops none."""
    block_page_threshold: NonNegativeInt = 20
    """So many different pages alike among the last twice as many are a wall and stop the shop; 0 watches for none."""
    max_duplicate_title_share: UnitInterval = 1.0
    """Share of products that may bear one title, where at least `block_page_threshold` do."""
    max_change: NonNegativeFloat = inf
    """By how much the number of products may change since the last snapshot, as a share of it, and by how much photos
    per product and the shares of products with description, categories and photos may fall."""


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
    product_urls: str = ""
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
    allow_private_network: bool = False
    """The shop may lie at a private address (loopback, a company's network): it is our own."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Demo:
    """The built-in shops; used only by shops whose url begins with demo:."""

    num_products: PositiveInt
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
    quality_checks: QualityChecks = field(default_factory=QualityChecks)
    """What each shop's crawl must reach."""
