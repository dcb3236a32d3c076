"""Links of a listing or home page: where its products, its next page and the listings below it are."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from crawler.discover import traps, urls
from crawler.extract import gallery, jsonld, page
from crawler.extract.document import Document, squeeze
from crawler.extract.schema_nodes import each, types


class Link(NamedTuple):
    """A page of the same shop that a listing leads to."""

    url: str
    """Clean."""
    is_own: bool
    """The listing itself names it, not the navigation, footer or recommendations around it."""


class Links(NamedTuple):
    """Where a page leads."""

    followed: tuple[Link, ...]
    """Each URL once, in the page's order."""
    cut: tuple[traps.Cut, ...]
    """The views that are not asked."""


def of(document: Document) -> Links:
    """The links of a page that stay on its shop; of a sorted or filtered view its plain address is followed."""
    followed: dict[str, bool] = {}
    cut: dict[str, str] = {}
    for url, is_own in _links(document):
        reason = traps.reason(url)
        if reason:
            cut.setdefault(url, reason)
            url = traps.plain(url, reason)
        if url and url != document.url:
            followed[url] = followed.get(url, False) or is_own
    return Links(
        tuple(Link(url, is_own) for url, is_own in followed.items()),
        tuple(traps.Cut(url, reason) for url, reason in cut.items()),
    )


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


def above(url: str) -> Iterator[str]:
    """The paths that lead to `url`'s path, longest first, itself included: "/c/men/tops", "/c/men", "/c"."""
    path = urlsplit(url).path.rstrip("/")
    while path:
        yield path
        path = path.rpartition("/")[0]


def _links(document: Document) -> Iterator[tuple[str, bool]]:
    """(clean URL, whether the page itself names it) of every link to another page of the shop."""
    for href, is_own in _named(document):
        url = document.absolute(href)
        if url is None or not urls.same_site(url, document.url):
            continue
        url = urls.clean(url)
        if url != document.url and not urls.is_file(url):
            yield url, is_own


def _named(document: Document) -> Iterator[tuple[object, bool]]:
    for anchor in document.tree.iter("a", "area", "link"):
        rel = (anchor.get("rel") or "").lower().split()
        if "nofollow" in rel or (anchor.tag == "link" and not {"next", "prev"} & set(rel)):
            continue
        if href := anchor.get("href"):
            yield href, anchor.tag == "link" or not gallery.is_aside(anchor)
    for node in jsonld.nodes(document):
        # A listing drawn by scripts names its products here alone.
        if "itemlist" in types(node):
            for entry in each(node.get("itemListElement")):
                if isinstance(entry, dict):
                    item = entry.get("item")
                    yield entry.get("url") or (item.get("url") if isinstance(item, dict) else item), True
