"""URLs at which shop platforms (Shopify, WooCommerce) list their products, page by page."""

from typing import NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

SHOPIFY, WOOCOMMERCE = "shopify", "woocommerce"

_FEED_EXTENSIONS = (".xml", ".rss", ".atom", ".csv", ".tsv", ".json", ".jsonl", ".ndjson")


class ApiPage(NamedTuple):
    """One page of a platform's product API."""

    platform: str
    number: int
    """Counted from 1."""
    size: int
    """Number of products per page."""


_PRODUCT_APIS = {
    SHOPIFY: ("/products.json", "limit", 250),
    WOOCOMMERCE: ("/wp-json/wc/store/v1/products", "per_page", 100),
}
"""For each platform: the path of its API, the parameter of the page size, and the maximum page size."""


def api_candidates(shop_url: str) -> list[str]:
    """Return the URL of the first API page of each platform, for a shop whose platform is unknown."""
    return [
        urljoin(shop_url, f"{path}?{urlencode({size_param: size, 'page': 1})}")
        for path, size_param, size in _PRODUCT_APIS.values()
    ]


def parse_api_url(url: str) -> ApiPage | None:
    """Return which API page of which platform `url` is, or None if it is another URL."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    for platform, (path, size_param, max_size) in _PRODUCT_APIS.items():
        if parts.path.rstrip("/").endswith(path):
            return ApiPage(
                platform,
                _positive_int_param(query, "page", 1),
                min(max_size, _positive_int_param(query, size_param, max_size)),
            )
    return None


def first_page_url(url: str) -> str:
    """Return the first page of an API URL with the largest page size; any other URL is returned unchanged."""
    page = parse_api_url(url)
    if page is None:
        return url
    return _set_query_params(url, {_PRODUCT_APIS[page.platform][1]: page.size, "page": 1})


def next_page_url(url: str) -> str:
    """Return the URL of the next page of an API URL; any other URL is returned unchanged."""
    page = parse_api_url(url)
    return _set_query_params(url, {"page": page.number + 1}) if page else url


def is_feed_url(url: str) -> bool:
    """Return whether `url` is that of a feed or sitemap file or of an API, not of an HTML page."""
    path = urlsplit(url).path.lower().removesuffix(".gz")
    return path.endswith(_FEED_EXTENSIONS) or parse_api_url(url) is not None


def _set_query_params(url: str, params: dict[str, int]) -> str:
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **{name: str(n) for name, n in params.items()}}
    return parts._replace(query=urlencode(query)).geturl()


def _positive_int_param(query: dict[str, list[str]], name: str, default: int) -> int:
    value = query.get(name, [""])[0]
    return int(value) if value.isdigit() and int(value) > 0 else default
