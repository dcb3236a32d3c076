"""The section crawl: which shops are crawled, how politely, and what a crawl must reach."""

from dataclasses import field
from math import inf
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from weft.params.types import STRICT_CONFIG, NonNegativeFloat, NonNegativeInt, PositiveInt, Slug, UnitInterval

Language = Literal[
    "auto", "ar", "da", "de", "en", "es", "fr", "it", "ja", "ko", "nb", "nl", "pt", "ru", "sv", "th", "tr", "zh"
]
DEMO_URL_PREFIX = "demo:"
"""The url of a built-in shop is this prefix and the shop's markup."""
COVERAGE_FIELDS = ("title", "description", "brand", "colour", "categories", "attributes", "photos")
"""Product fields whose coverage is measured: the share of products that have them."""


def _check_coverage_fields(shares: dict[str, float]) -> dict[str, float]:
    if unknown := sorted(set(shares) - {*COVERAGE_FIELDS}):
        raise ValueError(f"expected fields of products ({', '.join(COVERAGE_FIELDS)}), got {', '.join(unknown)}")
    return shares


@dataclass(frozen=True, config=STRICT_CONFIG)
class QualityChecks:
    """What each shop's crawl must reach, or the stage fails. A key that is left out checks nothing."""

    min_products: NonNegativeInt = 0
    """Minimum number of products."""
    min_field_coverage: Annotated[dict[str, UnitInterval], AfterValidator(_check_coverage_fields)] = field(
        default_factory=dict
    )
    """By product field, the minimum share of the products that have it: {description: 0.5}."""
    min_photos_per_product: NonNegativeFloat = 0.0
    """Minimum mean number of photos per product. Placeholders do not count."""
    max_failure_rate: dict[str, UnitInterval] = field(default_factory=dict)
    """By reason ("HTTP 404", or "photo: HTTP 404"), the share of pages or photos that may fail; "*" stands for each
    reason that is not listed."""
    placeholder_min_products: NonNegativeInt = 10
    """A photo that this many products share is a placeholder and is dropped. 0 drops none."""
    block_page_threshold: NonNegativeInt = 20
    """If this many of the last pages, twice as many, have different URLs and the same content, they are block pages and
    the crawl of the shop stops. 0 never stops it."""
    max_duplicate_title_share: UnitInterval = 1.0
    """Maximum share of the products with one and the same title, if at least `block_page_threshold` products have
    it."""
    max_change: NonNegativeFloat = inf
    """By which share the number of products may change since the previous snapshot, and by how much the photos per
    product and the coverage of description, categories and photos may fall."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Shop:
    """One shop to crawl."""

    name: Slug
    """Your name for the shop. It is the first part of every product_id."""
    url: Annotated[str, Field(pattern=r"^(?:https?://[^/\s]|demo:)")]
    """Where the crawl starts: http(s)://..., or demo:jsonld, demo:microdata, demo:opengraph for the built-in shops."""
    strategy: Literal["auto", "feed", "sitemap", "links", "products"] = "auto"
    """How products are found. auto: the feeds of the shop's platform, else its sitemaps and the listings that the home
    page links to. feed, sitemap or links (from the page `url`): only that. products: only `product_urls`."""
    feed: str = ""
    """URL of a Google Merchant feed or of a platform's product list, or path of a feed, CSV or JSON Lines file. ""
    looks for the product lists of Shopify and WooCommerce."""
    product_urls: str = ""
    """For the strategy products: URLs of product pages separated by commas, or a file with one URL per line."""
    max_products: NonNegativeInt = 0
    """The crawl stops after this many products. 0 sets no limit."""
    max_pages: NonNegativeInt = 0
    """The crawl stops after this many requests for product pages, listings and feeds. 0 sets no limit."""
    max_photos: NonNegativeInt = 0
    """The crawl stops after this many photos. 0 sets no limit."""
    max_bytes: NonNegativeInt = 0
    """The crawl stops after this many bytes of decompressed responses; responses that are under way are still received.
    0 sets no limit."""
    max_minutes: NonNegativeFloat = 0.0
    """The crawl stops after this many minutes, summed over all runs of an interrupted crawl. 0 sets no limit."""
    delay: NonNegativeFloat | None = None
    """Seconds between two requests to one host of this shop. The default is crawl.delay."""
    render: bool = False
    """Whether the pages of the shop are rendered in a browser, because scripts fill them in. It needs weft[browser]."""
    language: Language = "auto"
    """The language of all texts, an ISO 639-1 code, where you know better than the shop's pages. auto: the language
    that each page states, or, if it states none, the one that the stage clean finds in the texts."""
    allow_private_network: bool = False
    """Whether the shop may be at a private address (loopback, a company's network), because it is your own."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Demo:
    """The built-in shops, for shops whose url begins with demo:."""

    num_products: PositiveInt
    """Number of products of the three built-in shops together."""
    seed: NonNegativeInt
    """Seed of the generated products."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Crawl:
    """Which shops are crawled, and how politely."""

    snapshot: PositiveInt
    """Number of the snapshot. Raise it to crawl again; the same number never requests a page twice."""
    shops: Annotated[tuple[Shop, ...], Field(min_length=1)]
    """The shops to crawl."""
    delay: NonNegativeFloat
    """Seconds between two requests to one host at a private address, such as the built-in shops. The delay is at least
    1 elsewhere, unless a shop has its own `delay`. robots.txt may ask for more."""
    concurrency: PositiveInt
    """Maximum number of concurrent requests to one host."""
    demo: Demo
    """The built-in shops."""
    contact: str = "crawler@example.com"
    """Mail or web address in the user agent. With the default, shops of others are not crawled."""
    quality_checks: QualityChecks = field(default_factory=QualityChecks)
    """What each shop's crawl must reach."""
