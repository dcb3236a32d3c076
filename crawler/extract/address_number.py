"""The number of a product in its own address, taken only where the page says the same number by itself."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from crawler.extract.document import Document

_TOKEN = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_FEWEST_DIGITS = 5
_SHORTEST_MIXED = 6
_ID_PARAMETER = re.compile(r"(?:^|_)(?:p?id|sku|product(?:_?id)?|item(?:_?id)?|article|art|prod)$", re.IGNORECASE)
_BEFORE = frozenset("\"'>:=, \t\r\n({[|#;")
_AFTER = frozenset("\"'<,; \t\r\n)}]|&")


def number(document: Document) -> str:
    """The last number or code in the canonical URL, or else the URL, that stands on the page by itself too; or ""."""
    for url in dict.fromkeys((document.canonical, document.url)):
        for candidate in _candidates(url):
            if _stands_alone(candidate, document.html):
                return candidate
    return ""


def _candidates(url: str) -> Iterator[str]:
    """Codes in `url`: parameters named as ids, then the parts of its path from the last to the first."""
    parts = urlsplit(url)
    for name, value in parse_qsl(parts.query):
        if _ID_PARAMETER.search(name) and len(value) >= _FEWEST_DIGITS and _TOKEN.fullmatch(value):
            yield value
    for token in reversed(_TOKEN.findall(unquote(parts.path))):
        if token.isdigit():
            if len(token) >= _FEWEST_DIGITS:
                yield token
            continue
        digits = sum(character.isdigit() for character in token)
        if len(token) >= _SHORTEST_MIXED and digits >= 2:
            yield token
        yield from reversed([run for run in _DIGITS.findall(token) if len(run) >= _FEWEST_DIGITS])


def _stands_alone(code: str, html: str) -> bool:
    """Whether `code` is somewhere a whole value or word, not a part of an address."""
    at = html.find(code)
    while at >= 0:
        end = at + len(code)
        if at and html[at - 1] in _BEFORE and html[end : end + 1] in _AFTER:
            return True
        at = html.find(code, end)
    return False
