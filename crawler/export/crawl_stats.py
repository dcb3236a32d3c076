"""Statistics of a finished crawl, per shop and in total, as written to report.json."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crawler.items import PAGE, PHOTO
from crawler.storage.skipped_urls import SkippedUrls
from crawler.storage.snapshot import Snapshot
from weft.params.crawl import COVERAGE_FIELDS


@dataclass(frozen=True)
class PlaceholderPhoto:
    """An image that many products show, so it is not a photo of any of them."""

    sha256: str
    products: int
    url: str
    """Its alphabetically first URL."""


@dataclass(frozen=True)
class CrawlStats:
    """The statistics of one shop's crawl."""

    shop: str
    counts: Counter[str]
    """products, with_<field>, photos_listed, photos (downloaded, without placeholders), photos_placeholder,
    pages_without_product, removed.
    """
    placeholders: tuple[PlaceholderPhoto, ...]
    """Sorted by sha256."""
    top_title: tuple[str, int]
    """The title that most products have, and their number."""
    failures: Counter[str]
    """By "kind: reason"."""
    requested: dict[str, int]
    """By kind of failure (page, photo), the number of requested URLs; a photo of two products counts twice."""
    skipped: dict[str, SkippedUrls]
    """By reason, the pages that were skipped because they are traps."""
    limit_reached: str
    """The limit that prevented further requests, "" for none."""

    def coverage(self, field: str) -> float:
        """Return the share of products with `field`, one of COVERAGE_FIELDS; 0 without products."""
        return round(self.counts[f"with_{field}"] / max(1, self.counts["products"]), 4)

    @property
    def photos_per_product(self) -> float:
        """Downloaded photos without placeholders, per product."""
        return round(self.counts["photos"] / max(1, self.counts["products"]), 3)

    @property
    def placeholder_digests(self) -> frozenset[str]:
        """The digests of placeholders."""
        return frozenset(placeholder.sha256 for placeholder in self.placeholders)


def collect_crawl_stats(snapshot: Snapshot, placeholder_min_products: int) -> CrawlStats:
    """Compute the statistics of a crawl in one pass, with a few bytes of memory per product and photo.

    Args:
        snapshot: The crawl.
        placeholder_min_products: A photo of at least this many products is a placeholder; 0 means that none is.
    """
    counts: Counter[str] = Counter()
    products_per_photo: Counter[bytes] = Counter()
    uses_per_photo: Counter[bytes] = Counter()
    titles: Counter[bytes] = Counter()
    top_title = ("", 0)
    for product in snapshot.products():
        counts["products"] += 1
        counts.update(f"with_{field}" for field in COVERAGE_FIELDS if getattr(product, field))
        counts["photos_listed"] += len(product.photos)
        digests = [bytes.fromhex(d) for photo in product.photos if (d := snapshot.photo_digest(photo.url))]
        uses_per_photo.update(digests)
        products_per_photo.update(set(digests))
        title = hashlib.sha256(product.title.strip().casefold().encode()).digest()[:8]
        titles[title] += 1
        if titles[title] > top_title[1]:
            top_title = (product.title, titles[title])
    placeholder_digests = sorted(
        digest for digest, number in products_per_photo.items() if 0 < placeholder_min_products <= number
    )
    counts["photos_placeholder"] = sum(uses_per_photo[digest] for digest in placeholder_digests)
    counts["photos"] = uses_per_photo.total() - counts["photos_placeholder"]
    counts["pages_without_product"] = snapshot.count_pages_without_product()
    counts["removed"] = sum(1 for _ in snapshot.removed_products())
    return CrawlStats(
        shop=snapshot.shop,
        counts=counts,
        placeholders=tuple(
            PlaceholderPhoto(d.hex(), products_per_photo[d], snapshot.photo_url(d.hex())) for d in placeholder_digests
        ),
        top_title=top_title,
        failures=Counter(f"{failure.kind}: {failure.reason}" for failure in snapshot.failures()),
        requested={PAGE: snapshot.count_requested_pages(), PHOTO: counts["photos_listed"]},
        skipped=snapshot.skipped_urls(),
        limit_reached=snapshot.limit_reached,
    )


def build_report(stats: Sequence[CrawlStats]) -> dict[str, Any]:
    """Return the content of report.json: totals, and the same for each shop."""
    counts = sum((shop_stats.counts for shop_stats in stats), Counter[str]())
    failures = sum((shop_stats.failures for shop_stats in stats), Counter[str]())
    skipped = Counter[str]()
    for shop_stats in stats:
        skipped.update({reason: skipped_urls["pages"] for reason, skipped_urls in shop_stats.skipped.items()})
    return {
        **compute_totals(counts),
        "failures": dict(sorted(failures.items())),
        "skipped": dict(sorted(skipped.items())),
        "shops": {
            shop_stats.shop: {
                **compute_totals(shop_stats.counts),
                "counts": dict(sorted(shop_stats.counts.items())),
                "failures": dict(sorted(shop_stats.failures.items())),
                "skipped": shop_stats.skipped,
                "limit_reached": shop_stats.limit_reached,
                "placeholders": [asdict(placeholder) for placeholder in shop_stats.placeholders],
                "requested": dict(sorted(shop_stats.requested.items())),
            }
            for shop_stats in stats
        },
    }


def compute_totals(counts: Counter[str]) -> dict[str, float]:
    """Return the figures that are logged for a run."""
    n_products = max(1, counts["products"])
    downloaded = ("photos", "photos_placeholder")
    return {
        "products": counts["products"],
        "photos": counts["photos"],
        "photos_failed": counts["photos_listed"] - sum(counts[name] for name in downloaded),
        "photos_placeholder": counts["photos_placeholder"],
        "photos_per_product": round(counts["photos"] / n_products, 3),
        "pages_without_product": counts["pages_without_product"],
        "removed": counts["removed"],
        **{f"coverage_{field}": round(counts[f"with_{field}"] / n_products, 4) for field in COVERAGE_FIELDS},
    }


def parse_report(report: dict[str, Any]) -> list[CrawlStats]:
    """Return the statistics in a report, without `top_title`, which a report does not contain.

    Raises:
        KeyError, TypeError: It is not a report.
    """
    return [
        CrawlStats(
            shop=shop,
            counts=Counter(shop_report["counts"]),
            placeholders=tuple(PlaceholderPhoto(**placeholder) for placeholder in shop_report["placeholders"]),
            top_title=("", 0),
            failures=Counter(shop_report["failures"]),
            requested=shop_report["requested"],
            skipped=shop_report["skipped"],
            limit_reached=shop_report["limit_reached"],
        )
        for shop, shop_report in report["shops"].items()
    ]
