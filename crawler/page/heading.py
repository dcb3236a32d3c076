"""Find the heading of a page's own product or listing among its h1 elements."""

import math
import re
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from crawler.discover import urls
from crawler.page.product_cards import ProductCards
from crawler.values.text import visible_text

_MAX_HEADINGS = 30
"""Maximum number of h1 elements that are compared."""
_FOREIGN_TAGS = frozenset({"dialog", "footer", "nav", "template", "noscript"})
_FOREIGN_NAME = re.compile(
    r"(?<![a-z])(?:modal|popup|pop-up|dialog|drawer|share|sharing|social|newsletter|cookies?|footer|minicart|mini-cart"
    r"|logo|site-?header|reviews?|related|upsells?|cross-?sells?|recommend\w*|similar|recently|sponsored)(?![a-z])",
    re.IGNORECASE,
)
_FOREIGN_TEXT = re.compile(
    r"share (?:with|this|on|via)\b|share$|follow (?:us|the|our)\b|(?:our )?newsletter|subscribe|sign (?:in|up)\b"
    r"|log ?in\b|your (?:cart|bag|basket)|(?:shopping )?cart$|you may|customers also|recently viewed|search$|menu$"
    r"|related products|teilen|folge|anmelden|warenkorb$|das könnte|partager|suivez|panier$|compart|condividi|cookie",
    re.IGNORECASE,
)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_OFFER_NAME = re.compile(r"price|preis|prix|precio|prezzo|(?:add|buy)[-_ ]?(?:to|now)|cart|basket", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_MIN_FOREIGN_SHARE = 0.6


class _Candidate(NamedTuple):
    element: Any
    text: str
    is_foreign: bool
    """Whether it stands in a dialog, a card, the navigation or such."""
    share: float
    """How much it has in common with the titles of the page, from 0 to 1."""


def find_heading(tree: Any, url: str, resolve: Callable[[object], str | None], cards: ProductCards) -> Any:
    """Return the h1 that belongs to the page itself, or None.

    It is the one that shares most words with the title tag, og:title or twitter:title, and of equals the one in <main>
    and nearest to a price or a button to buy. A heading of a dialog, of the shop's logo, of a share button or of
    another product is not it.
    """
    titles, shop_names = _page_titles(tree), site_names(tree, url)
    candidates = [
        _Candidate(
            h1,
            text,
            normalise_name(text) in shop_names or _is_foreign(h1, text, url, resolve, cards),
            _share(text, titles),
        )
        for h1 in islice(tree.iter("h1"), _MAX_HEADINGS)
        if (text := visible_text(h1))
    ]
    own = [candidate for candidate in candidates if not candidate.is_foreign]
    if not own:
        least = _MIN_FOREIGN_SHARE if titles else 0.0
        named = [candidate for candidate in candidates if normalise_name(candidate.text) not in shop_names]
        shared = [c for c in named if c.share >= least and not _is_never_own(c.element, c.text, url, resolve)]
        return max(shared, key=lambda candidate: candidate.share).element if shared else None
    best = max(candidate.share for candidate in own)
    own = [candidate for candidate in own if candidate.share == best]
    if len(own) > 1:
        in_main = [candidate for candidate in own if next(candidate.element.iterancestors("main"), None) is not None]
        own = in_main or own
    return own[0].element if len(own) == 1 else _nearest_to_offer(tree, [candidate.element for candidate in own])


def site_names(tree: Any, url: str) -> set[str]:
    """Return the names of the shop as its pages and its host state them, as `normalise_name` writes them."""
    stated = [
        meta.get("content") or ""
        for meta in tree.iter("meta")
        if (meta.get("property") or meta.get("name")) in ("og:site_name", "application-name")
    ]
    hosts = (urlsplit(url).hostname or "").removeprefix("www.").split(".")
    return {name for text in (*stated, *hosts[:-1]) if (name := normalise_name(text))}


def normalise_name(text: str) -> str:
    """Return the letters and digits of a name in lower case, for comparison."""
    return "".join(_WORD.findall(text.casefold()))


def _page_titles(tree: Any) -> list[str]:
    titles = [title.text_content() for title in islice(tree.iter("title"), 1)]
    titles += [
        meta.get("content") or ""
        for meta in tree.iter("meta")
        if (meta.get("property") or meta.get("name")) in ("og:title", "twitter:title")
    ]
    return [title for text in titles if (title := " ".join(text.split()).casefold())]


def _share(text: str, titles: list[str]) -> float:
    """Return how similar the words of `text` are to those of one of `titles` (F1)."""
    text = text.casefold()
    words = set(_WORD.findall(text))
    best = 0.0
    for title in titles:
        title_words = set(_WORD.findall(title))
        common = len(words & title_words)
        # Languages without spaces, and names without letters.
        inside = 2 * len(text) / (len(text) + len(title)) if text in title else 0.0
        best = max(best, inside, 2 * common / (len(words) + len(title_words)) if common else 0.0)
    return best


def _is_foreign(h1: Any, text: str, url: str, resolve: Callable[[object], str | None], cards: ProductCards) -> bool:
    if cards.contain(h1) or _is_never_own(h1, text, url, resolve):
        return True
    element = h1
    while element is not None and element.tag not in ("html", "body", "main"):
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        if (
            element.tag in _FOREIGN_TAGS
            or element.get("role") in ("dialog", "alertdialog", "navigation")
            or element.get("aria-modal") == "true"
            or element.get("hidden") is not None
            or _HIDDEN_STYLE.search(element.get("style") or "")
            or _FOREIGN_NAME.search(names)
        ):
            return True
        element = element.getparent()
    return False


def _is_never_own(h1: Any, text: str, url: str, resolve: Callable[[object], str | None]) -> bool:
    return bool(_FOREIGN_TEXT.match(text)) or _links_elsewhere(h1, text, url, resolve)


def _links_elsewhere(h1: Any, text: str, url: str, resolve: Callable[[object], str | None]) -> bool:
    """Return whether the whole heading is a link to another page: the logo, or another product."""
    for anchor in (*islice(h1.iter("a"), 1), *islice(h1.iterancestors("a"), 1)):
        href = (anchor.get("href") or "").strip()
        target = None if not href or href.startswith(("#", "javascript:")) else resolve(href)
        if target and urls.canonicalize(target) != url and visible_text(anchor) == text:
            return True
    return False


def _nearest_to_offer(tree: Any, headings: list[Any]) -> Any:
    """Return the heading with the fewest elements between it and the next price or button to buy."""
    wanted, positions, distances = set(headings), dict[Any, int](), dict[Any, int]()
    for position, element in enumerate(tree.iter()):
        if element in wanted:
            positions[element] = position
        elif positions and isinstance(element.tag, str):
            names = f"{element.get('class') or ''} {element.get('itemprop') or ''} {element.get('action') or ''}"
            if _OFFER_NAME.search(names):
                distances.update({h1: position - start for h1, start in positions.items()})
                positions.clear()
    return min(headings, key=lambda h1: distances.get(h1, math.inf))
