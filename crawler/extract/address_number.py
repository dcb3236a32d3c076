"""The number of a product in its own address, taken only where the page says the same number by itself."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from crawler.extract.document import Document

_TOKEN = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_MIN_DIGITS = 5
_MIN_MIXED_LENGTH = 6
_ID_PARAMETER = re.compile(r"(?:^|_)(?:p?id|sku|product(?:_?id)?|item(?:_?id)?|article|art|prod)$", re.IGNORECASE)
_CHARS_BEFORE_VALUE = frozenset("\"'>:=, \t\r\n({[|#;")
_CHARS_AFTER_VALUE = frozenset("\"'<,; \t\r\n)}]|&")


def find_url_product_id(document: Document) -> str:
    """The last number or code in the canonical URL, or else the URL, that stands on the page by itself too; or ""."""
    for url in dict.fromkeys((document.canonical_url, document.url)):
        for candidate in _url_codes(url):
            if _occurs_as_value(candidate, document.html):
                return candidate
    return ""


def _url_codes(url: str) -> Iterator[str]:
    """Codes in `url`: parameters named as ids, then the parts of its path from the last to the first."""
    parts = urlsplit(url)
    for name, value in parse_qsl(parts.query):
        if _ID_PARAMETER.search(name) and len(value) >= _MIN_DIGITS and _TOKEN.fullmatch(value):
            yield value
    for token in reversed(_TOKEN.findall(unquote(parts.path))):
        if token.isdigit():
            if len(token) >= _MIN_DIGITS:
                yield token
            continue
        digits = sum(character.isdigit() for character in token)
        if len(token) >= _MIN_MIXED_LENGTH and digits >= 2:
            yield token
        yield from reversed([run for run in _DIGITS.findall(token) if len(run) >= _MIN_DIGITS])


def _occurs_as_value(code: str, html: str) -> bool:
    """Whether `code` is somewhere a whole value or word, not a part of an address."""
    start = html.find(code)
    while start >= 0:
        end = start + len(code)
        if start and html[start - 1] in _CHARS_BEFORE_VALUE and html[end : end + 1] in _CHARS_AFTER_VALUE:
            return True
        start = html.find(code, end)
    return False
