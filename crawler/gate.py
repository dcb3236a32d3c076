"""Gate: whether a crawl is good enough to be handed on; each number that is not, and by how much."""

from collections.abc import Iterator

from crawler.survey import Survey
from weft.errors import ShopError
from weft.params import Gate

ANY = "*"
"""In `Gate.max_failures`: every reason that is not named."""


def check(surveys: list[tuple[Survey, Survey | None]], gate: Gate) -> None:
    """Let crawls pass, each with the crawl of its shop before it, None where there is none.

    Raises:
        ShopError: Numbers are beyond their thresholds; every one is named.
    """
    problems = [f"{now.shop}: {problem}" for now, before in surveys for problem in _problems(now, before, gate)]
    if problems:
        raise ShopError(
            f"the crawl does not pass the gate: {'; '.join(problems)}. The crawl is kept: change crawl.gate in "
            f"params.yaml and run again to write it without asking the shop, or raise crawl.snapshot to crawl anew"
        )


def _problems(now: Survey, before: Survey | None, gate: Gate) -> Iterator[str]:
    yield from _below("products", now.counts["products"], "min_products", gate.min_products)
    for field, share in gate.min_share.items():
        yield from _below(f"share of products with {field}", now.share(field), f"min_share.{field}", share)
    yield from _below(
        "photos per product", now.photos_per_product, "min_photos_per_product", gate.min_photos_per_product
    )
    yield from _failures(now, gate)
    title, number = now.same_title
    share = round(number / max(1, now.counts["products"]), 4)
    if gate.wall_pages and number >= gate.wall_pages:
        yield from _above(f"share of products with the title {title!r}", share, "max_same_title", gate.max_same_title)
    if before is not None:
        yield from _drift(now, before, gate.max_drift)


def _failures(now: Survey, gate: Gate) -> Iterator[str]:
    for what, number in sorted(now.failures.items()):
        kind, _, reason = what.partition(": ")
        key = next((key for key in (what, reason) if key in gate.max_failures), ANY)
        share = round(number / max(1, now.asked[kind], number), 4)
        most = gate.max_failures.get(key, 1.0)
        yield from _above(f"share of {kind}s that failed with {reason!r}", share, f"max_failures.{key}", most)


def _drift(now: Survey, before: Survey, most: float) -> Iterator[str]:
    had, has = before.counts["products"], now.counts["products"]
    moved = round(abs(has - had) / max(1, had), 4)
    yield from _above(f"change of products since the last snapshot, {had} to {has},", moved, "max_drift", most)
    fell = round((before.photos_per_product - now.photos_per_product) / (before.photos_per_product or 1.0), 4)
    what = f"fall of photos per product, {before.photos_per_product:g} to {now.photos_per_product:g},"
    yield from _above(what, fell, "max_drift", most)
    for field in ("description", "categories", "photos"):
        lost = round(before.share(field) - now.share(field), 4)
        what = f"fall of the share with {field}, {before.share(field):g} to {now.share(field):g},"
        yield from _above(what, lost, "max_drift", most)


def _below(what: str, value: float, key: str, least: float) -> Iterator[str]:
    if value < least:
        yield f"{what} is {value:g}, {round(least - value, 4):g} below the {least:g} of {key}"


def _above(what: str, value: float, key: str, most: float) -> Iterator[str]:
    if value > most:
        yield f"{what} is {value:g}, {round(value - most, 4):g} above the {most:g} of {key}"
