"""Arguments: what `scrapy crawl shop -a ...` says, checked as params.yaml is."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from crawler import wall
from crawler.discover import urls
from crawler.states import state_path
from weft.errors import ShopError
from weft.params import Shop
from weft.params.kinds import Count, WholeNumber

BY_HAND = Path("var/crawl")
_OWN_KEY = ("name", "url", "max_products", "delay", "allow_private")
"""Fields of a shop that stand in its state's name otherwise, or change nothing of what is found."""


@dataclass(frozen=True)
class Wanted:
    """One shop, and what of it."""

    shop: Shop
    url: str
    """Where it begins, clean."""
    state: Path
    """The SQLite file of this crawl."""
    snapshot: int
    """A higher number is a later crawl of the same shop."""
    retry_failed: bool
    """Ask only for what failed."""
    wall_pages: int
    """So many pages alike stop the crawl; 0 for no such number."""


def wanted(name: str, url: str, state: str, given: dict[str, Any]) -> Wanted:
    """What is wanted of the shop at `url`.

    Args:
        name: Our name for the shop.
        url: Where it begins.
        state: The state file; "" for one in var/crawl named after the shop and the arguments.
        given: Further fields of `weft.params.Shop` as text; snapshot, retry_failed and wall_pages.

    Raises:
        ShopError: An argument is unknown or impossible.
    """
    try:
        snapshot = TypeAdapter(Count).validate_python(given.pop("snapshot", 1))
        wall_pages = TypeAdapter(WholeNumber).validate_python(given.pop("wall_pages", wall.PAGES))
        retry_failed = TypeAdapter(bool).validate_python(given.pop("retry_failed", False))
        shop = TypeAdapter(Shop).validate_python({"name": name, "url": url, **given})
    except ValidationError as error:
        problems = (f"-a {'.'.join(map(str, e['loc']))}={e['input']}: {e['msg']}" for e in error.errors())
        known = ", ".join([*(field.name for field in fields(Shop)), "state", "snapshot", "retry_failed", "wall_pages"])
        raise ShopError(f"scrapy crawl shop: {'; '.join(problems)}. Known: {known}") from error
    path = (
        Path(state) if state else state_path(BY_HAND, shop.name, url, shop.max_products, snapshot, *further_key(shop))
    )
    return Wanted(shop, urls.clean(shop.url), path, snapshot, retry_failed, wall_pages)


def further_key(shop: Shop) -> list[str]:
    """What else of `shop` makes it another crawl, with another state: all that is not left as it is by default."""
    plain = Shop(name=shop.name, url=shop.url)
    names = [field.name for field in fields(Shop) if field.name not in _OWN_KEY]
    return [f"{name}={getattr(shop, name)}" for name in names if getattr(shop, name) != getattr(plain, name)]
