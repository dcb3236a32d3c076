"""Opt-outs: photos that their owner reserves are not taken, whatever robots.txt allows.

Read are X-Robots-Tag (`noai`, `noimageai`, `noindex`, `none`; to all or to us), and the TDM Reservation Protocol's
header `tdm-reservation: 1`. The page may say the same of all its photos, by these headers or by <meta> tags; there
`noindex` does not count, since shops say it of every second page for the sake of search engines.
"""

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any

from scrapy.http import Request, Response

from crawler.exceptions import OptedOut
from crawler.items import PHOTO, ProductItem

_AI_DIRECTIVES = frozenset({"noai", "noimageai"})
_PHOTO_DIRECTIVES = _AI_DIRECTIVES | {"noindex", "none"}
_OUR_AGENTS = ("weftbot", "robots", "*")
# The one directive that holds a colon of its own.
_UNAVAILABLE_AFTER = re.compile(r"unavailable_after\s*:[^,]*(?:,\s*\d[^,]*)?")
_META_TAG = re.compile(rb"<meta\b[^>]*>", re.IGNORECASE)
_META_ATTRIBUTE = re.compile(rb"""\b(name|content)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_OPT_OUT_HINT = re.compile(rb"noai|noimageai|tdm-reservation", re.IGNORECASE)


class OptOutMiddleware:
    """Refuses photos whose own answer reserves them."""

    def process_response(self, request: Request, response: Response) -> Response:
        """Hand on what may be taken.

        Raises:
            OptedOut: The answer's headers reserve it.
        """
        if request.meta.get("kind") == PHOTO and is_opted_out(response, _PHOTO_DIRECTIVES):
            raise OptedOut
        return response


class PageOptOutMiddleware:
    """Takes the photos out of a product whose page reserves them; its words stay."""

    async def process_spider_output(self, response: Response, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Hand on what the spider read of a page."""
        async for item in result:
            if isinstance(item, ProductItem) and item.product.photos and is_page_opted_out(response):
                yield replace(item, product=replace(item.product, photos=()))
            else:
                yield item


def is_page_opted_out(response: Response) -> bool:
    """Whether a page reserves its photos, by headers or by meta tags."""
    if is_opted_out(response, _AI_DIRECTIVES):
        return True
    if not _OPT_OUT_HINT.search(response.body):
        return False
    for name, content in _parse_meta_tags(response.body):
        if name in _OUR_AGENTS and not _AI_DIRECTIVES.isdisjoint(_split_directives(content)):
            return True
        if name == "tdm-reservation" and content.strip() == "1":
            return True
    return False


def is_opted_out(response: Response, directives: frozenset[str]) -> bool:
    """Whether the headers of `response` say one of `directives`, or reserve it by TDMRep."""
    if any(value.strip() == b"1" for value in response.headers.getlist(b"tdm-reservation")):
        return True
    values = (value.decode("latin-1") for value in response.headers.getlist(b"X-Robots-Tag"))
    return any(not directives.isdisjoint(parse_x_robots_tag(value)) for value in values)


def parse_x_robots_tag(value: str) -> set[str]:
    """The directives of an X-Robots-Tag that are meant for everybody or for us.

    "otherbot: noindex" is meant for another; an agent's name holds for what follows it up to the next name.
    """
    directives: set[str] = set()
    applies_to_us = True
    for part in _UNAVAILABLE_AFTER.sub("", value.lower()).split(","):
        agent, colon, rest = part.partition(":")
        if colon and not agent.strip().startswith("max-"):
            applies_to_us = agent.strip() in _OUR_AGENTS
            part = rest
        if applies_to_us:
            directives |= _split_directives(part)
    return directives


def _split_directives(text: str) -> set[str]:
    return set(re.split(r"[\s,;]+", text.strip().lower()))


def _parse_meta_tags(body: bytes) -> Iterable[tuple[str, str]]:
    for tag in _META_TAG.findall(body):
        attributes = {key.lower(): next(filter(None, values), b"") for key, *values in _META_ATTRIBUTE.findall(tag)}
        yield (
            attributes.get(b"name", b"").decode("latin-1").strip().lower(),
            attributes.get(b"content", b"").decode("latin-1"),
        )
