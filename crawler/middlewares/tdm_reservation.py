"""Downloader middleware for /.well-known/tdmrep.json (TDM Reservation Protocol): reserved photos are not requested.

https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/
"""

import asyncio
import json
import logging
from http import HTTPStatus
from typing import Any, NamedTuple, Self
from urllib.parse import urljoin, urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.exceptions import OptedOutError
from crawler.items import PAGE, PHOTO

WELL_KNOWN_PATH = "/.well-known/tdmrep.json"
MAX_RULES = 10_000
"""Maximum number of rules of a file; the others are ignored."""
RESERVED_META_KEY = "is_tdm_reserved"
"""Request.meta key: whether the file reserves the page, whose photos are then not stored."""

_log = logging.getLogger(__name__)


class TdmRule(NamedTuple):
    """One rule of a file."""

    location: str
    """The start of a path and query, in which "*" is any text and a "$" at the end is the end, as in robots.txt."""
    is_reserved: bool
    policy: str
    """The URL of the policy, "" if none is stated."""


class TdmReservationMiddleware:
    """Refuse the photos that tdmrep.json of their host reserves, and mark reserved pages.

    The file of each host is requested once, before its first photo or page; a missing or broken file reserves nothing.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._rules: dict[str, asyncio.Future[list[TdmRule]]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware; Scrapy calls this."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Refuse a reserved photo; mark a reserved page.

        Raises:
            OptedOutError: The photo is reserved.
        """
        if request.meta.get("kind") not in (PAGE, PHOTO):
            return
        rule = find_rule(await self._find_rules(request.url), request.url)
        if rule is None or not rule.is_reserved:
            return
        if request.meta["kind"] == PHOTO:
            raise OptedOutError
        request.meta[RESERVED_META_KEY] = True

    async def _find_rules(self, url: str) -> list[TdmRule]:
        """Return the rules of the host of `url`; requests that wait for the same file share its answer."""
        host = urlsplit(url).netloc
        if host not in self._rules:
            self._rules[host] = asyncio.get_running_loop().create_future()
            self._rules[host].set_result(await self._request_rules(urljoin(url, WELL_KNOWN_PATH)))
        return await self._rules[host]

    async def _request_rules(self, url: str) -> list[TdmRule]:
        request = Request(url, meta={"dont_redirect": True, "dont_retry": True})
        try:
            response = await self._crawler.engine.download_async(request)
        except Exception as error:  # noqa: BLE001 (robots.txt forbids the file, or it cannot be downloaded)
            _log.debug("%s cannot be read: %s", url, error)
            return []
        return parse_rules(response) if response.status == HTTPStatus.OK else []


def parse_rules(response: Response) -> list[TdmRule]:
    """Return the rules of a tdmrep.json in its order; [] if it is not valid."""
    try:
        entries = json.loads(response.body.decode("utf-8-sig", errors="replace"))
    except (ValueError, RecursionError):
        return []
    rules = [_parse_rule(entry) for entry in (entries[:MAX_RULES] if isinstance(entries, list) else [entries])]
    return [rule for rule in rules if rule]


def _parse_rule(entry: Any) -> TdmRule | None:
    location = entry.get("location") if isinstance(entry, dict) else None
    if not isinstance(location, str):
        return None
    policy = entry.get("tdm-policy")
    return TdmRule(location, str(entry.get("tdm-reservation")) == "1", policy if isinstance(policy, str) else "")


def find_rule(rules: list[TdmRule], url: str) -> TdmRule | None:
    """Return the first rule whose location matches the path and query of `url`."""
    path = urlsplit(url)._replace(scheme="", netloc="", fragment="").geturl() or "/"
    return next((rule for rule in rules if _matches(rule.location, path)), None)


def _matches(location: str, path: str) -> bool:
    """Return whether a location matches; in linear time, because a regular expression of a hostile rule is not."""
    first, *others = location.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    position = len(first)
    last = others.pop() if others and location.endswith("$") else None
    for part in others:
        found = path.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    if last is not None:
        return path.endswith(last) and len(path) - len(last) >= position
    return position == len(path) or not location.endswith("$")
