"""Platforms: where a shop's software lists its products, page by page."""

from typing import NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

SHOPIFY, WOOCOMMERCE = "shopify", "woocommerce"

_FILES = (".xml", ".rss", ".atom", ".csv", ".tsv", ".json", ".jsonl", ".ndjson")


class Page(NamedTuple):
    """One page of a platform's product list."""

    platform: str
    number: int
    """From 1."""
    size: int
    """Products a page."""


_LISTS = {
    # The most that each platform gives at once.
    SHOPIFY: ("/products.json", "limit", 250),
    WOOCOMMERCE: ("/wp-json/wc/store/v1/products", "per_page", 100),
}


def guesses(start: str) -> list[str]:
    """Where each platform would list the products of the shop at `start`."""
    return [
        urljoin(start, f"{path}?{urlencode({size_name: size, 'page': 1})}") for path, size_name, size in _LISTS.values()
    ]


def page_of(url: str) -> Page | None:
    """Which page of which platform's list `url` is; None for any other address."""
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    for platform, (path, size_name, most) in _LISTS.items():
        if parts.path.rstrip("/").endswith(path):
            return Page(platform, _number(asked, "page", 1), min(most, _number(asked, size_name, most)))
    return None


def first_page(url: str) -> str:
    """`url`, which is a platform's list, from its first page on and as many products at once as there may be."""
    page = page_of(url)
    if page is None:
        return url
    return _with(url, {_LISTS[page.platform][1]: page.size, "page": 1})


def next_page(url: str) -> str:
    """The page after `url`, which is a page of a platform's list."""
    page = page_of(url)
    return _with(url, {"page": page.number + 1}) if page else url


def is_feed(url: str) -> bool:
    """Whether `url` names a file of products or of addresses rather than a page for people."""
    path = urlsplit(url).path.lower().removesuffix(".gz")
    return path.endswith(_FILES) or page_of(url) is not None


def _with(url: str, values: dict[str, int]) -> str:
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **{name: str(n) for name, n in values.items()}}
    return parts._replace(query=urlencode(query)).geturl()


def _number(asked: dict[str, list[str]], name: str, default: int) -> int:
    value = asked.get(name, [""])[0]
    return int(value) if value.isdigit() and int(value) > 0 else default
