"""Arguments of the spider (`scrapy crawl shop -a ...`): validation, and the Scrapy settings for delay and addresses."""

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError
from scrapy.settings import BaseSettings

from crawler import block_detection
from crawler.discover import urls
from crawler.downloader.browser import check_browser
from crawler.downloader.handler import CONNECT_TO, HAS_CONTACT, PRIVATE_HOST
from crawler.extensions.throttle import PRIVATE_DELAY
from crawler.storage.state_file import state_path
from weft.errors import ParamsError, ShopError
from weft.params import Crawl, Shop
from weft.params.crawl import DEMO_URL_PREFIX
from weft.params.types import NonNegativeInt, PositiveInt

SPIDER_ARGS = "WEFT_SPIDER_ARGS"
"""Setting: the `SpiderArgs` of the crawl; None if the crawler crawls no shop."""
CONTACT = "WEFT_CONTACT"
"""Setting: the contact for commands such as `scrapy shell`; a crawl has the argument `contact` instead."""
MISSING_ARGUMENTS = "scrapy crawl shop: expected -a name=<name of the shop> -a url=<start URL>"
DEFAULT_STATE_DIR = Path("var/crawl")
_NOT_IN_STATE_KEY = ("name", "url", "max_products", "delay", "allow_private_network", "language")
"""Fields of a shop that the state's file name contains anyway, or that do not change which products are found."""
USER_AGENT_NAME = "WeftBot"
MIN_PUBLIC_DELAY_SECONDS = 1.0
"""Minimum delay between two requests to a public host, unless params.yaml sets a delay for the shop."""
_USER_AGENT_VERSION = "0.1"
_PLACEHOLDER_CONTACT = re.compile(r"(?:@|//|\.)(?:example(?:\.\w+)?|invalid|test|localhost)(?:[/:?#]|$)", re.IGNORECASE)
_CONTACT_PATTERN = re.compile(r"[^\s()<>@:]+@[\w-]+(?:\.[\w-]+)+|https?://[^\s()<>]+")


@dataclass(frozen=True)
class SpiderArgs:
    """The validated arguments of one crawl."""

    shop: Shop
    url: str
    """The canonical start URL."""
    state: Path
    """The SQLite file of this crawl."""
    snapshot: int
    """A higher number is a later crawl of the same shop."""
    retry_failed: bool
    """Request only the URLs that failed."""
    block_page_threshold: int
    """Number of similar pages that stop the crawl; 0 turns the check off."""
    parent_pid: int = 0
    """Id of the process that started this one; the crawl stops when that process ends. 0 for none."""


def configure(settings: BaseSettings, kwargs: dict[str, Any]) -> SpiderArgs:
    """Return the arguments of the spider after those about delay, contact and network are moved to `settings`.

    Raises:
        ShopError: An argument is missing, unknown or invalid, or pages are to be rendered without a browser.
    """
    if not {"name", "url"} <= kwargs.keys():
        raise ShopError(MISSING_ARGUMENTS)
    remaining = dict(kwargs)
    apply_spider_args(settings, remaining)
    args = parse_spider_args(remaining.pop("name"), remaining.pop("url"), remaining.pop("state", ""), remaining)
    if args.shop.render:
        check_browser()
    return args


def parse_spider_args(name: str, url: str, state: str, extra_args: dict[str, Any]) -> SpiderArgs:
    """Validate the arguments of the spider.

    Args:
        name: Our name for the shop.
        url: The start URL.
        state: The state file; "" for a file in var/crawl named after the shop and the arguments.
        extra_args: Other fields of `weft.params.Shop` as text, and snapshot, retry_failed, block_page_threshold and
            parent.

    Raises:
        ShopError: An argument is unknown or invalid.
    """
    try:
        snapshot = TypeAdapter(PositiveInt).validate_python(extra_args.pop("snapshot", 1))
        block_page_threshold = TypeAdapter(NonNegativeInt).validate_python(
            extra_args.pop("block_page_threshold", block_detection.DEFAULT_BLOCK_PAGE_THRESHOLD)
        )
        retry_failed = TypeAdapter(bool).validate_python(extra_args.pop("retry_failed", False))
        parent_pid = TypeAdapter(NonNegativeInt).validate_python(extra_args.pop("parent", 0))
        shop = TypeAdapter(Shop).validate_python({"name": name, "url": url, **extra_args})
    except ValidationError as error:
        problems = (f"-a {'.'.join(map(str, e['loc']))}={e['input']}: {e['msg']}" for e in error.errors())
        known = ", ".join(
            [
                *(field.name for field in fields(Shop)),
                *("state", "snapshot", "retry_failed", "block_page_threshold", "contact", "concurrency", "connect_to"),
            ]
        )
        raise ShopError(f"scrapy crawl shop: {'; '.join(problems)}. Known arguments: {known}") from error
    path = Path(state) if state else state_path(DEFAULT_STATE_DIR, shop.name, url, snapshot, *state_key(shop))
    return SpiderArgs(shop, urls.canonicalize(shop.url), path, snapshot, retry_failed, block_page_threshold, parent_pid)


def state_key(shop: Shop) -> list[str]:
    """Return the fields of `shop` that select another state file: all that differ from their defaults."""
    defaults = Shop(name=shop.name, url=shop.url)
    names = [field.name for field in fields(Shop) if field.name not in _NOT_IN_STATE_KEY]
    return [f"{name}={getattr(shop, name)}" for name in names if getattr(shop, name) != getattr(defaults, name)]


def is_valid_contact(contact: str) -> bool:
    """Return whether `contact` is a mail or web address other than the example."""
    return bool(_CONTACT_PATTERN.fullmatch(contact)) and contact.isascii() and not _PLACEHOLDER_CONTACT.search(contact)


def build_user_agent(contact: str) -> str:
    """Return the user agent: WeftBot with the contact."""
    contact_part = f"+{contact}; " if is_valid_contact(contact) else ""
    return f"{USER_AGENT_NAME}/{_USER_AGENT_VERSION} ({contact_part}product crawler; obeys robots.txt)"


def check_contact(settings: Crawl) -> None:
    """Check that a contact is set if any shop is at a public address.

    Raises:
        ParamsError: `contact` is the example, and a shop is neither a demo shop nor in a private network.
    """
    public_shops = [
        shop.name for shop in settings.shops if not (shop.allow_private_network or shop.url.startswith(DEMO_URL_PREFIX))
    ]
    if public_shops and not is_valid_contact(settings.contact):
        raise ParamsError(
            f"crawl.contact: expected your mail or web address to crawl {', '.join(public_shops)}, got "
            f"{settings.contact!r}. It is part of the user agent, so that the shop's engineers can reach you. Your own "
            "shop at a private address needs no contact: set allow_private_network: true for it"
        )


def build_politeness_args(shop: Shop, settings: Crawl) -> dict[str, str]:
    """Return delay, network and contact of a shop as arguments of the spider.

    `crawl.delay` is raised to MIN_PUBLIC_DELAY_SECONDS for public hosts; a delay of the shop itself is not.
    """
    delay = max(MIN_PUBLIC_DELAY_SECONDS, settings.delay) if shop.delay is None else shop.delay
    return {
        "delay": str(delay),
        "private_delay": str(settings.delay if shop.delay is None else shop.delay),
        "allow_private_network": str(int(shop.allow_private_network)),
        "contact": settings.contact,
    }


def apply_spider_args(settings: BaseSettings, spider_args: dict[str, Any]) -> None:
    """Move the arguments about delay, contact and network from the spider's arguments to its settings.

    Args:
        settings: Settings of this crawl.
        spider_args: The spider's arguments as text. `url` stays; these are removed:
            delay: seconds between two requests to one host;
            private_delay: the same for hosts whose address turns out to be private;
            concurrency: number of concurrent requests;
            connect_to: the server to connect to instead of the URL's host, such as http://127.0.0.1:8001;
            allow_private_network: 1 for your own shop at a private address;
            contact: a mail or web address, required for public hosts.

    Raises:
        ShopError: One of them is invalid.
    """
    values = {
        name: spider_args.pop(name, None)
        for name in ("delay", "private_delay", "concurrency", "connect_to", "allow_private_network", "contact")
    }
    url_parts = urlsplit(spider_args["url"])
    if values["delay"] is not None:
        _set_setting(settings, "DOWNLOAD_DELAY", _parse_number("delay", values["delay"]))
    private_delay = values["private_delay"]
    if private_delay is not None:
        _set_setting(settings, PRIVATE_DELAY, _parse_number("private_delay", private_delay))
    if values["concurrency"] is not None:
        concurrency = max(1, int(_parse_number("concurrency", values["concurrency"])))
        _set_setting(settings, "CONCURRENT_REQUESTS_PER_DOMAIN", concurrency)
        # Scrapy 2.19 counts a request only once it has started, so the limit per host alone can be exceeded.
        _set_setting(settings, "CONCURRENT_REQUESTS", concurrency)
    if values["connect_to"]:
        _set_setting(settings, CONNECT_TO, {urls.ascii_netloc(url_parts): values["connect_to"]})
    if _parse_bool("allow_private_network", values["allow_private_network"]):
        _set_setting(settings, PRIVATE_HOST, url_parts.hostname or "")
    contact = str(values["contact"] or "")
    _set_setting(settings, HAS_CONTACT, is_valid_contact(contact))
    _set_setting(settings, "USER_AGENT", build_user_agent(contact))


def _set_setting(settings: BaseSettings, name: str, value: object) -> None:
    settings.set(name, value, priority="spider")


def _parse_number(name: str, text: object) -> float:
    try:
        number = float(str(text))
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ShopError(f"-a {name}={text}: expected a number, 0 or more")
    return number


def _parse_bool(name: str, text: object) -> bool:
    booleans = {"": False, "0": False, "false": False, "no": False, "1": True, "true": True, "yes": True}
    word = str(text or "").lower()
    if word not in booleans:
        raise ShopError(f"-a {name}={text}: expected 1 or 0")
    return booleans[word]
