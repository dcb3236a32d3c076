"""Learn from a shop's own links which query parameters tell its products apart.

Fixed lists call `ref`, `pos`, `sid` or `variant` tracking or a view of the same page. In some shops such a parameter is
the only difference between the URLs of two products: /item?ref=1 and /item?ref=2.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from crawler.discover import crawl_traps, urls
from crawler.page.document import Document, collapse_whitespace

MIN_PRODUCTS = 2
_MAX_LEVELS, _MAX_NEIGHBOURS = 6, 3


class _Card(NamedTuple):
    """What a listing shows of one product."""

    text: str
    image: str


def find_identifying_params(document: Document) -> frozenset[str]:
    """Return the query parameters without which links to different products on this page would be one URL.

    The links must be in cards with different texts and different images. Filters, sizes and colours that link to the
    page itself, and advertisement parameters, never count.
    """
    cards: defaultdict[str, dict[str, set[_Card]]] = defaultdict(dict)
    own_path = urlsplit(document.url).path
    find_card = _CardFinder()
    for anchor in document.tree.iter("a"):
        if "?" not in (anchor.get("href") or "") or (url := document.resolve_href(anchor.get("href"))) is None:
            continue
        if not urls.is_same_site(url, document.url) or urlsplit(url).path == own_path:
            continue
        plain = _plain_url(url)
        if plain != url and _suspicious_params(url, plain) and (card := find_card(anchor)):
            cards[plain].setdefault(url, set()).add(card)
    found = (_differing_params(by_url) for by_url in cards.values() if _are_different_products(by_url))
    return frozenset(name for names in found for name in names)


def collapsing_params(one: str, other: str) -> frozenset[str]:
    """Return the parameters in which two URLs differ that have the same canonical form; none of an advertisement."""
    return frozenset(_differing_params((one, other)))


def _suspicious_params(url: str, plain: str) -> list[str]:
    """Return the query parameters that `plain` lacks and that may tell products apart."""
    names = urls.query_params(url) - urls.query_params(plain)
    return [name for name in names if not urls.is_visitor_param(name)]


@lru_cache(urls.URL_CACHE_SIZE)
def _plain_url(url: str) -> str:
    """Return a URL without tracking parameters and without those of traps."""
    return crawl_traps.strip_trap_params(urls.canonicalize(url))


def _are_different_products(by_url: dict[str, set[_Card]]) -> bool:
    """Return whether each URL has one card, and no two cards have a text or an image in common."""
    cards = [card for found in by_url.values() for card in found]
    return (
        len(by_url) >= MIN_PRODUCTS
        and all(len(found) == 1 for found in by_url.values())
        and len({card.text for card in cards}) == len({card.image for card in cards}) == len(cards)
    )


def _differing_params(links: Iterable[str] | Collection[str]) -> set[str]:
    values: defaultdict[str, set[str]] = defaultdict(set)
    queries = [parse_qsl(urlsplit(url).query, keep_blank_values=True) for url in links]
    for name in {name for query in queries for name, _ in query}:
        values[name] = {dict(query).get(name, "") for query in queries}
    return {name for name, found in values.items() if len(found) > 1 and not urls.is_visitor_param(name)}


class _CardFinder:
    """Find the cards of one page. Each block is examined once, so that the cost grows with the page only."""

    def __init__(self) -> None:
        self._images: dict[Any, Any] = {}

    def __call__(self, anchor: Any) -> _Card | None:
        """Return the card around a link: the smallest block with an image that has a sibling of the same shape."""
        element = anchor
        for _ in range(_MAX_LEVELS):
            if element is None or element.tag in ("body", "html", "nav"):
                return None
            if element not in self._images:
                self._images[element] = element.find(".//img")
            image = self._images[element]
            if image is not None and _has_similar_neighbour(element):
                text = collapse_whitespace(element.text_content()) or collapse_whitespace(image.get("alt") or "")
                source = image.get("data-src") or image.get("src") or ""
                return _Card(text, source) if text and source else None
            element = element.getparent()
        return None


def _has_similar_neighbour(element: Any) -> bool:
    neighbours = (*islice(element.itersiblings(), _MAX_NEIGHBOURS), *islice(_previous(element), _MAX_NEIGHBOURS))
    return any((e.tag, e.get("class")) == (element.tag, element.get("class")) for e in neighbours)


def _previous(element: Any) -> Iterator[Any]:
    return iter(element.itersiblings(preceding=True))
