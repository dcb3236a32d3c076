"""Middlewares for opt-outs: photos that their owner reserves are not stored, even if robots.txt allows them.

An opt-out is an X-Robots-Tag header (`noai`, `noimageai`, `noindex`, `none`; for all robots or for ours) or the header
`tdm-reservation: 1` of the TDM Reservation Protocol. A page can opt out all its photos, by these headers or by <meta>
tags; there `noindex` does not count, because shops use it on many pages for search engines only.
"""

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any

from scrapy.http import Request, Response

from crawler.exceptions import OptedOutError
from crawler.items import PHOTO, ProductItem
from crawler.middlewares.tdm_reservation import RESERVED_META_KEY

_AI_DIRECTIVES = frozenset({"noai", "noimageai"})
_PHOTO_DIRECTIVES = _AI_DIRECTIVES | {"noindex", "none"}
_OUR_AGENTS = ("weftbot", "robots", "*")
# This directive contains a colon itself.
_UNAVAILABLE_AFTER = re.compile(r"unavailable_after\s*:[^,]*(?:,\s*\d[^,]*)?")
_META_TAG = re.compile(rb"<meta\b[^>]*>", re.IGNORECASE)
_META_ATTRIBUTE = re.compile(rb"""\b(name|content)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_OPT_OUT_HINT = re.compile(rb"noai|noimageai|tdm-reservation", re.IGNORECASE)


class OptOutMiddleware:
    """Refuse photos whose own response opts out."""

    def process_response(self, request: Request, response: Response) -> Response:
        """Return the response if it does not opt out.

        Raises:
            OptedOutError: The headers opt out.
        """
        if request.meta.get("kind") == PHOTO and is_opted_out(response, _PHOTO_DIRECTIVES):
            raise OptedOutError
        return response


class PageOptOutMiddleware:
    """Remove the photos of a product whose page opts out; its text stays."""

    async def process_spider_output(self, response: Response, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Pass on the items of a page, without photos if the page opts out."""
        async for item in result:
            if isinstance(item, ProductItem) and item.product.photos and is_page_opted_out(response):
                yield replace(item, product=replace(item.product, photos=()))
            else:
                yield item


def is_page_opted_out(response: Response) -> bool:
    """Return whether a page opts out its photos, by tdmrep.json, by headers or by meta tags."""
    if response.request is not None and response.request.meta.get(RESERVED_META_KEY):
        return True
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
    """Return whether the headers contain one of `directives` or a TDM reservation."""
    if any(value.strip() == b"1" for value in response.headers.getlist(b"tdm-reservation")):
        return True
    values = (value.decode("latin-1") for value in response.headers.getlist(b"X-Robots-Tag"))
    return any(not directives.isdisjoint(parse_x_robots_tag(value)) for value in values)


def parse_x_robots_tag(value: str) -> set[str]:
    """Return the directives of an X-Robots-Tag header that apply to all robots or to ours.

    "otherbot: noindex" applies to another robot; a robot's name applies to all directives up to the next name.
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
