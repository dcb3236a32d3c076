"""Links of a listing or home page: where its products, its next page and the listings below it are."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from crawler.discover import urls
from crawler.extract import gallery, page
from crawler.extract.document import Document, squeeze


class Link(NamedTuple):
    """A page of the same shop that a listing leads to."""

    url: str
    """Clean."""
    is_own: bool
    """The listing itself names it, not the navigation, footer or recommendations around it."""


def of(document: Document) -> tuple[Link, ...]:
    """The page's links, each URL once, in the page's order; sorted and filtered views left out."""
    found: dict[str, bool] = {}
    for url, is_own in _links(document):
        found[url] = found.get(url, False) or is_own
    return tuple(Link(url, is_own) for url, is_own in found.items())


def label(document: Document) -> str:
    """What the page calls itself: its heading, else the first part of its title."""
    if document.heading:
        return document.heading
    title = next((squeeze(element.text_content()) for element in document.tree.iter("title")), "")
    return title.split(" | ")[0].split(" - ")[0].strip()


def trail(document: Document) -> str:
    """The category path that the page says it is, "" where it has no breadcrumbs."""
    above = page.breadcrumbs(document)
    return f"{above} > {label(document)}" if above and not above.endswith(label(document)) else above


def _links(document: Document) -> Iterator[Link]:
    for anchor in document.tree.iter("a"):
        if "nofollow" in (anchor.get("rel") or ""):
            continue
        url = document.absolute(anchor.get("href"))
        if url is None or not urls.same_site(url, document.url):
            continue
        url = urls.clean(url)
        if url != document.url and not urls.is_trap(url) and len(url) <= 2000:
            yield Link(url, is_own=not gallery.is_aside(anchor))


def above(url: str) -> Iterator[str]:
    """The paths that lead to `url`'s path, longest first, itself included: "/c/men/tops", "/c/men", "/c"."""
    path = urlsplit(url).path.rstrip("/")
    while path:
        yield path
        path = path.rpartition("/")[0]
