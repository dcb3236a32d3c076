"""Quality checks of a crawl before it is passed on; the error names each value that fails, and by how much."""

from collections.abc import Iterator

from crawler.export.crawl_stats import CrawlStats
from weft.errors import ShopError
from weft.params import QualityChecks

ANY_REASON = "*"
"""Key of `QualityChecks.max_failure_rate`: all reasons without a key of their own."""


def check_quality(stats: list[tuple[CrawlStats, CrawlStats | None]], quality_checks: QualityChecks) -> None:
    """Check crawls, each with the previous crawl of its shop, or None if there is none.

    Raises:
        ShopError: Values exceed their thresholds; all of them are listed.
    """
    problems = [
        f"{current.shop}: {problem}"
        for current, previous in stats
        for problem in _problems(current, previous, quality_checks)
    ]
    if problems:
        raise ShopError(
            f"the crawl fails its quality checks: {'; '.join(problems)}. The state files are kept: change "
            f"crawl.quality_checks in params.yaml and run again to write the tables without any request, or raise "
            f"crawl.snapshot to crawl again"
        )


def _problems(current: CrawlStats, previous: CrawlStats | None, quality_checks: QualityChecks) -> Iterator[str]:
    yield from _check_minimum("products", current.counts["products"], "min_products", quality_checks.min_products)
    for field, share in quality_checks.min_field_coverage.items():
        yield from _check_minimum(
            f"share of products with {field}", current.coverage(field), f"min_field_coverage.{field}", share
        )
    yield from _check_minimum(
        "photos per product",
        current.photos_per_product,
        "min_photos_per_product",
        quality_checks.min_photos_per_product,
    )
    yield from _failure_problems(current, quality_checks)
    title, count = current.top_title
    share = round(count / max(1, current.counts["products"]), 4)
    if quality_checks.block_page_threshold and count >= quality_checks.block_page_threshold:
        yield from _check_maximum(
            f"share of products with the title {title!r}",
            share,
            "max_duplicate_title_share",
            quality_checks.max_duplicate_title_share,
        )
    if previous is not None:
        yield from _change_problems(current, previous, quality_checks.max_change)


def _failure_problems(current: CrawlStats, quality_checks: QualityChecks) -> Iterator[str]:
    for failure, count in sorted(current.failures.items()):
        kind, _, reason = failure.partition(": ")
        key = next((key for key in (failure, reason) if key in quality_checks.max_failure_rate), ANY_REASON)
        share = round(count / max(1, current.requested[kind], count), 4)
        max_share = quality_checks.max_failure_rate.get(key, 1.0)
        yield from _check_maximum(
            f"share of {kind}s that failed with {reason!r}", share, f"max_failure_rate.{key}", max_share
        )


def _change_problems(current: CrawlStats, previous: CrawlStats, max_change: float) -> Iterator[str]:
    previous_products, current_products = previous.counts["products"], current.counts["products"]
    change = round(abs(current_products - previous_products) / max(1, previous_products), 4)
    yield from _check_maximum(
        f"change of the number of products since the last snapshot, {previous_products} to {current_products},",
        change,
        "max_change",
        max_change,
    )
    drop = round((previous.photos_per_product - current.photos_per_product) / (previous.photos_per_product or 1.0), 4)
    description = f"drop of photos per product, {previous.photos_per_product:g} to {current.photos_per_product:g},"
    yield from _check_maximum(description, drop, "max_change", max_change)
    for field in ("description", "categories", "photos"):
        coverage_drop = round(previous.coverage(field) - current.coverage(field), 4)
        description = f"drop of the share with {field}, {previous.coverage(field):g} to {current.coverage(field):g},"
        yield from _check_maximum(description, coverage_drop, "max_change", max_change)


def _check_minimum(description: str, value: float, key: str, minimum: float) -> Iterator[str]:
    if value < minimum:
        yield f"{description} is {value:g}, {round(minimum - value, 4):g} below the {minimum:g} of {key}"


def _check_maximum(description: str, value: float, key: str, maximum: float) -> Iterator[str]:
    if value > maximum:
        yield f"{description} is {value:g}, {round(value - maximum, 4):g} above the {maximum:g} of {key}"
