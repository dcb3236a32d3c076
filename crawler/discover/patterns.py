"""Patterns: addresses that a shop makes by one rule, and the numbered pages of one listing."""

import re
from urllib.parse import parse_qsl, urlsplit

KEPT_SEGMENTS = 2
"""Steps of a path that tell one rule from another; what comes after them varies."""
PAGE_PARAMS = frozenset(
    {"p", "page", "pg", "paged", "pagenum", "page_no", "pageno", "pagenumber", "currentpage", "seite"}
)
"""Parameters that number the pages of a listing."""
OFFSET_PARAMS = frozenset({"start", "offset", "from", "skip", "first", "cursor", "after", "page_info"})
"""Parameters that say where on a listing a page begins."""

_PAGE_NUMBER_IN_PATH = re.compile(r"/(?:page|seite|pagina)[/-](\d+)/?$|/p(?:age)?(\d+)/?$", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_HEX = re.compile(r"[0-9a-f-]{16,}", re.IGNORECASE)


def url_template(url: str) -> str:
    """The rule that made `url`, for counting: "/c/men/black/12?size=m" is one of "/c/men/#?size".

    The first two steps tell rules apart, but never the last one; however deep it goes from there is one rule, "#"
    where it ends in a number, else "*". Parameters count by their names.
    """
    parts = urlsplit(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    kept = [_generalise(segment) for segment in segments[:-1][:KEPT_SEGMENTS]]
    varying = ["#" if segments[-1][0].isdigit() else "*"] if segments else []
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    return "/" + "/".join(kept + varying) + (f"?{'&'.join(names)}" if names else "")


def has_number_or_query(template: str) -> bool:
    """Whether members of `pattern` differ in a number or a parameter, as calendars' days and sessions do."""
    return "#" in template or "?" in template


def listing_url(url: str) -> str:
    """The listing that `url` is a page of: the address without what numbers its pages."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [f"{name}={value}" for name, value in pairs if name.lower() not in PAGE_PARAMS | OFFSET_PARAMS]
    path = _PAGE_NUMBER_IN_PATH.sub("", parts.path) or "/"
    if len(kept) == len(pairs) and path == parts.path:
        return url
    return parts._replace(path=path.rstrip("/") or "/", query="&".join(kept)).geturl()


def is_paginated_url(url: str) -> bool:
    """Whether `url` is a numbered page of a listing, the first by number included."""
    return listing_url(url) != url


def _generalise(segment: str) -> str:
    if _HEX.fullmatch(segment) and any(letter.isdigit() for letter in segment):
        return "*"
    return _DIGITS.sub("#", segment)
