"""Find the canonical URL that a page declares, and ignore one that names the home page or a listing."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from crawler.discover import urls
from crawler.values.text import visible_text

_HOME_PATH = re.compile(
    r"/?(?:(?:[a-z]{2}(?:[-_][a-z]{2})?)/?)?(?:(?:index|default|home)(?:\.\w{2,5})?/?)?", re.IGNORECASE
)
_LISTING_PATH = re.compile(
    r"/(?:search|cart|basket|checkout|login|signin|404|not-?found|error)(?:\.\w+)?/?$"
    r"|/(?:c|cat|categor(?:y|ies)|product-category|collections?|kategorien?|categories|categorias?|catalog(?:ue)?)"
    r"(?:/[^/]+)*/?$|/(?:shop|products?|produkte|produits|productos)/?$",
    re.IGNORECASE,
)
_PRODUCT_SEGMENT = re.compile(r"/(?:p|products?|prod|dp|item|artikel|produkte?|produits?|productos?)/[^/]+", re.I)
_SCRIPT_PATH = re.compile(
    r"/(?:index|products?|item|detail|details|view|show|product_info)?(?:\.(?:php|aspx?|jsp|html?|cgi))?/?$", re.I
)
_WORD = re.compile(r"[^\W_]+")
_MIN_NAME_WORDS = 2
_MAX_ANCHORS, _MAX_LEVELS = 20, 5


def find_canonical_url(
    tree: Any,
    url: str,
    heading: str,
    resolve: Callable[[object], str | None],
    identifying_params: frozenset[str] = frozenset(),
) -> str:
    """Return the canonical URL that the page at `url` declares, else its og:url, else `url`, in canonical form.

    Some shops declare the home page, or the category, on every page. Ignored is therefore a URL of another site, of
    the home page, of a listing (by its path, or as a category in the breadcrumb), and one that leaves out the
    parameter that tells products apart.
    """
    links = (link.get("href") for link in tree.iter("link") if (link.get("rel") or "").lower() == "canonical")
    tags = (meta.get("content") for meta in tree.iter("meta") if meta.get("property") == "og:url")
    for href in (*links, *tags):
        target = resolve(href)
        if not target or not urls.is_same_site(target, url):
            continue
        canonical = urls.canonicalize(target, identifying_params)
        if canonical == url or not _is_another_page(tree, canonical, url, heading, resolve):
            return canonical
    return url


def _is_another_page(
    tree: Any, canonical: str, url: str, heading: str, resolve: Callable[[object], str | None]
) -> bool:
    """Return whether `canonical`, which differs from `url`, cannot be an address of the same page."""
    path, own_path = urlsplit(canonical).path, urlsplit(url).path
    if _HOME_PATH.fullmatch(path):
        return not _HOME_PATH.fullmatch(own_path)
    if _LISTING_PATH.search(path) and not _PRODUCT_SEGMENT.search(path) and not _LISTING_PATH.search(own_path):
        return True
    if _loses_product_id(canonical, url) or _loses_name(path, own_path, heading):
        return True
    return any(not _is_name_of_parent(name, heading) for name in _breadcrumb_names(tree, canonical, resolve))


def _loses_name(path: str, own_path: str, heading: str) -> bool:
    """Return whether the own path names the page as its heading does, and `path` is of other words: a category."""
    words, own_words = (
        set(_WORD.findall(unquote(p.rstrip("/").rsplit("/", 1)[-1]).casefold())) for p in (path, own_path)
    )
    heading_words = set(_WORD.findall(heading.casefold()))
    has_digit = any(map(str.isdigit, path))
    return len(heading_words & own_words) >= _MIN_NAME_WORDS and not (words & (heading_words | own_words) or has_digit)


def _loses_product_id(canonical: str, url: str) -> bool:
    """Return whether `canonical` leaves out the id of a product that is told by a parameter: /product.php?id=5."""
    if not _SCRIPT_PATH.search(urlsplit(canonical).path):
        return False
    kept = dict(parse_qsl(urlsplit(canonical).query))
    return any(urls.is_product_id_param(name) and name not in kept for name, _ in parse_qsl(urlsplit(url).query))


def _breadcrumb_names(tree: Any, canonical: str, resolve: Callable[[object], str | None]) -> Iterator[str]:
    """Yield the text of each breadcrumb that links to `canonical`."""
    anchors = tree.xpath("//a[contains(@href, $path)]", path=urlsplit(canonical).path.rstrip("/"))
    for anchor in anchors[:_MAX_ANCHORS]:
        around = " ".join(
            part.get(name) or ""
            for part in (anchor, *islice(anchor.iterancestors(), _MAX_LEVELS))
            for name in ("class", "id", "aria-label", "itemtype")
        )
        if "readcrumb" in around and urls.canonicalize(resolve(anchor.get("href")) or "") == canonical:
            yield visible_text(anchor)


def _is_name_of_parent(name: str, heading: str) -> bool:
    """Return whether a breadcrumb is the page itself or the product whose variant it shows, not a category."""
    words, heading_words = _WORD.findall(name.casefold()), _WORD.findall(heading.casefold())
    if not words or words == heading_words:
        return True
    starts_heading = heading_words[: len(words)] == words
    return starts_heading or (len(words) >= _MIN_NAME_WORDS and set(words) <= set(heading_words))
