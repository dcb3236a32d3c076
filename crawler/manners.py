"""Manners: what is said of one crawl about pace, contact and addresses, turned into Scrapy's settings."""

import re
from typing import Any
from urllib.parse import urlsplit

from scrapy.settings import BaseSettings

from crawler.connect.handler import HAS_CONTACT, PRIVATE_HOME, SERVED_AT
from crawler.connect.refusals import NoContact, PrivateAddress
from crawler.middlewares.pace import PRIVATE_DELAY
from weft.errors import ParamsError, ShopError
from weft.params import Crawl, Shop

AGENT = "WeftBot"
DEMO = "demo:"
"""How the url of a built-in shop begins."""
STRANGERS_DELAY = 1.0
"""Seconds between two requests to a host of others, unless the shop's own params say otherwise."""
_VERSION = "0.1"
_NOBODY = re.compile(r"(?:@|//|\.)(?:example(?:\.\w+)?|invalid|test|localhost)(?:[/:?#]|$)", re.IGNORECASE)
_CONTACT = re.compile(r"[^\s()<>@:]+@[\w-]+(?:\.[\w-]+)+|https?://[^\s()<>]+")


def has_contact(contact: str) -> bool:
    """Whether `contact` is a mail or web address, and not that of the example."""
    return bool(_CONTACT.fullmatch(contact)) and contact.isascii() and not _NOBODY.search(contact)


def user_agent(contact: str) -> str:
    """How a crawl names itself: WeftBot, and whom to turn to about it."""
    return f"{AGENT}/{_VERSION} ({f'+{contact}; ' if has_contact(contact) else ''}product crawler; obeys robots.txt)"


def check_contact(settings: Crawl) -> None:
    """Refuse to ask shops of others without a name.

    Raises:
        ParamsError: `contact` is left at the example, and a shop is neither a demo nor private.
    """
    strangers = [shop.name for shop in settings.shops if not (shop.allow_private or shop.url.startswith(DEMO))]
    if strangers and not has_contact(settings.contact):
        raise ParamsError(
            f"crawl.contact is {settings.contact!r}, to crawl {', '.join(strangers)}: wanted a mail or web address of "
            "yours, where a shop's engineer reaches you about the crawl; it goes into the user agent. A shop of your "
            "own at a private address needs none: allow_private: true"
        )


def arguments(shop: Shop, settings: Crawl) -> dict[str, str]:
    """What params say about manners, as arguments of the spider.

    `crawl.delay` alone never asks strangers more often than once in STRANGERS_DELAY seconds; a shop's own does.
    """
    delay = max(STRANGERS_DELAY, settings.delay) if shop.delay is None else shop.delay
    return {
        "delay": str(delay),
        "private_delay": str(settings.delay if shop.delay is None else shop.delay),
        "allow_private": str(int(shop.allow_private)),
        "contact": settings.contact,
    }


def advice(error: BaseException | None) -> str:
    """What to do about an address that was refused; "" for any other error."""
    if isinstance(error, PrivateAddress):
        return "a shop of your own at a private address needs allow_private: true in params.yaml, or -a allow_private=1"
    if isinstance(error, NoContact):
        return "name yourself in crawl.contact of params.yaml, or -a contact=you@yourshop.com"
    return ""


def settle(settings: BaseSettings, arguments: dict[str, Any]) -> None:
    """Take what concerns manners out of a spider's arguments, and into its settings.

    Args:
        settings: Of this crawl.
        arguments: The spider's, as text: `url` stays, these are taken out where they are given:
            delay: seconds between two requests to one host;
            private_delay: the same for hosts that turn out to lie at private addresses;
            concurrency: requests under way at once;
            at: where the shop is really served, when that is not its own address: http://127.0.0.1:8001;
            allow_private: 1 for a shop of our own at a private address;
            contact: whom to turn to, a mail or web address; needed for public hosts.

    Raises:
        ShopError: One of them cannot be read.
    """
    given = {
        name: arguments.pop(name, None)
        for name in ("delay", "private_delay", "concurrency", "at", "allow_private", "contact")
    }
    shop = urlsplit(arguments["url"])
    if given["delay"] is not None:
        _set(settings, "DOWNLOAD_DELAY", _number("delay", given["delay"]))
    private = given["private_delay"]
    if private is not None:
        _set(settings, PRIVATE_DELAY, _number("private_delay", private))
    if given["concurrency"] is not None:
        most = max(1, int(_number("concurrency", given["concurrency"])))
        _set(settings, "CONCURRENT_REQUESTS_PER_DOMAIN", most)
        # Scrapy 2.19 counts a host's requests only once they have begun, so several may slip past that limit.
        _set(settings, "CONCURRENT_REQUESTS", most)
    if given["at"]:
        _set(settings, SERVED_AT, {shop.netloc: given["at"]})
    if _truth("allow_private", given["allow_private"]):
        _set(settings, PRIVATE_HOME, shop.hostname or "")
    contact = str(given["contact"] or "")
    _set(settings, HAS_CONTACT, has_contact(contact))
    _set(settings, "USER_AGENT", user_agent(contact))


def _set(settings: BaseSettings, name: str, value: object) -> None:
    settings.set(name, value, priority="spider")


def _number(name: str, text: object) -> float:
    try:
        number = float(str(text))
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ShopError(f"-a {name}={text}: wanted a number, 0 or more")
    return number


def _truth(name: str, text: object) -> bool:
    words = {"": False, "0": False, "false": False, "no": False, "1": True, "true": True, "yes": True}
    word = str(text or "").lower()
    if word not in words:
        raise ShopError(f"-a {name}={text}: wanted 1 or 0")
    return words[word]
