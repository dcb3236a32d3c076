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
from weft.params.kinds import NonNegativeInt, PositiveInt

DEFAULT_STATE_DIR = Path("var/crawl")
_NOT_IN_STATE_KEY = ("name", "url", "max_products", "delay", "allow_private")
"""Fields of a shop that stand in its state's name otherwise, or change nothing of what is found."""


@dataclass(frozen=True)
class SpiderArgs:
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
    block_page_threshold: int
    """So many pages alike stop the crawl; 0 for no such number."""


def parse_spider_args(name: str, url: str, state: str, extra_args: dict[str, Any]) -> SpiderArgs:
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
        snapshot = TypeAdapter(PositiveInt).validate_python(extra_args.pop("snapshot", 1))
        block_page_threshold = TypeAdapter(NonNegativeInt).validate_python(
            extra_args.pop("wall_pages", wall.DEFAULT_BLOCK_PAGE_THRESHOLD)
        )
        retry_failed = TypeAdapter(bool).validate_python(extra_args.pop("retry_failed", False))
        shop = TypeAdapter(Shop).validate_python({"name": name, "url": url, **extra_args})
    except ValidationError as error:
        problems = (f"-a {'.'.join(map(str, e['loc']))}={e['input']}: {e['msg']}" for e in error.errors())
        known = ", ".join([*(field.name for field in fields(Shop)), "state", "snapshot", "retry_failed", "wall_pages"])
        raise ShopError(f"scrapy crawl shop: {'; '.join(problems)}. Known: {known}") from error
    path = (
        Path(state)
        if state
        else state_path(DEFAULT_STATE_DIR, shop.name, url, shop.max_products, snapshot, *state_key(shop))
    )
    return SpiderArgs(shop, urls.canonicalize(shop.url), path, snapshot, retry_failed, block_page_threshold)


def state_key(shop: Shop) -> list[str]:
    """What else of `shop` makes it another crawl, with another state: all that is not left as it is by default."""
    defaults = Shop(name=shop.name, url=shop.url)
    names = [field.name for field in fields(Shop) if field.name not in _NOT_IN_STATE_KEY]
    return [f"{name}={getattr(shop, name)}" for name in names if getattr(shop, name) != getattr(defaults, name)]
