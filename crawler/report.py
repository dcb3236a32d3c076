"""Report: the numbers of a snapshot, in all and shop by shop."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from crawler.survey import CrawlStats, PlaceholderPhoto
from weft.params.gate import COVERAGE_FIELDS


def build_report(stats: Sequence[CrawlStats]) -> dict[str, Any]:
    """What report.json holds: totals, then the same of each shop."""
    counts = sum((shop_stats.counts for shop_stats in stats), Counter[str]())
    failures = sum((shop_stats.failures for shop_stats in stats), Counter[str]())
    skipped = Counter[str]()
    for shop_stats in stats:
        skipped.update({reason: skipped_urls["pages"] for reason, skipped_urls in shop_stats.skipped.items()})
    return {
        **compute_totals(counts),
        "failures": dict(sorted(failures.items())),
        "cut": dict(sorted(skipped.items())),
        "shops": {
            shop_stats.shop: {
                **compute_totals(shop_stats.counts),
                "counts": dict(sorted(shop_stats.counts.items())),
                "failures": dict(sorted(shop_stats.failures.items())),
                "cut": shop_stats.skipped,
                "limit_reached": shop_stats.limit_reached,
                "placeholders": [asdict(placeholder) for placeholder in shop_stats.placeholders],
                "asked": dict(sorted(shop_stats.requested.items())),
            }
            for shop_stats in stats
        },
    }


def compute_totals(counts: Counter[str]) -> dict[str, float]:
    """The figures that a run is logged with."""
    n_products = max(1, counts["products"])
    downloaded = ("photos", "photos_placeholder")
    return {
        "products": counts["products"],
        "photos": counts["photos"],
        "photos_missing": counts["photos_named"] - sum(counts[name] for name in downloaded),
        "photos_placeholder": counts["photos_placeholder"],
        "photos_per_product": round(counts["photos"] / n_products, 3),
        "pages_without_product": counts["pages_without_product"],
        "withdrawn": counts["withdrawn"],
        **{f"share_with_{field}": round(counts[f"with_{field}"] / n_products, 4) for field in COVERAGE_FIELDS},
    }


def parse_report(report: dict[str, Any]) -> list[CrawlStats]:
    """The surveys that a report was made of, as far as it tells them: all but `same_title`, which no report needs.

    Raises:
        KeyError, TypeError: It is no report.
    """
    return [
        CrawlStats(
            shop=shop,
            counts=Counter(shop_report["counts"]),
            placeholders=tuple(PlaceholderPhoto(**placeholder) for placeholder in shop_report["placeholders"]),
            top_title=("", 0),
            failures=Counter(shop_report["failures"]),
            requested=shop_report["asked"],
            skipped=shop_report["cut"],
            limit_reached=shop_report["limit_reached"],
        )
        for shop, shop_report in report["shops"].items()
    ]
