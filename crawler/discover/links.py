"""Extract the links of a listing or home page: to products, to its next page and to other listings."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple
from urllib.parse import urlsplit

from crawler.discover import crawl_traps, identifying_params, urls
from crawler.extract import html_heuristics, script_data, structured_data
from crawler.extract.linked_nodes import as_list, node_types
from crawler.page.document import Document, collapse_whitespace

MAX_REFRESH_SECONDS = 10
"""A page that is refreshed after a longer wait shows something itself."""
_REFRESH = re.compile(r"\s*(\d{1,4}(?:\.\d*)?)\s*[;,]\s*(?:url\s*=\s*)?[\"']?([^\"'>\s]+)", re.IGNORECASE)
_LINK_ATTRIBUTES = ("data-href", "data-link", "data-url", "data-product-url", "data-link-url", "data-next-url")
_COMPONENT = re.compile(r"<[a-z]+-[\w-]+\s[^<>]{0,500}?(?:href|url|link)=")
"""An element of a shop's own, such as <product-card href="/p/1">."""
_COMPONENT_ATTRIBUTES = ("href", "url", "product-url", "link")
_CLICK_TARGET = re.compile(
    r"(?:location(?:\.href)?\s*=|location\.(?:assign|replace)\(|window\.open\()\s*[\"']([^\"']+)[\"']"
)
_MAX_LINKS_BESIDE_REDIRECT = 2
"""A page with more links is not one that only leads to another address by a script."""


class Link(NamedTuple):
    """A link to another page of the same shop."""

    url: str
    """In canonical form."""
    in_main_content: bool
    """The link is in the main content, not in the navigation, footer or recommendations."""


class PageLinks(NamedTuple):
    """The links of one page."""

    followed: tuple[Link, ...]
    """Each URL once, in document order."""
    skipped: tuple[crawl_traps.SkippedUrl, ...]
    """The crawl traps that the page links to."""


def extract_links(document: Document) -> PageLinks:
    """Return the links of a page to its own shop; a sorted or filtered view is replaced by its plain URL."""
    followed: dict[str, bool] = {}
    skipped: dict[str, str] = {}
    kept = document.identifying_params | identifying_params.find_identifying_params(document)
    for url, in_main_content in _internal_links(document, kept):
        reason = crawl_traps.skip_reason(url, kept)
        if reason:
            skipped.setdefault(url, reason)
            url = crawl_traps.strip_view_params(url, reason)
        if url and url != document.url:
            followed[url] = followed.get(url, False) or in_main_content
    return PageLinks(
        tuple(Link(url, in_main_content) for url, in_main_content in followed.items()),
        tuple(crawl_traps.SkippedUrl(url, reason) for url, reason in skipped.items()),
    )


def page_title(document: Document) -> str:
    """Return the heading of the page, or the first part of its title tag if it has none."""
    if document.heading:
        return document.heading
    title = next((collapse_whitespace(element.text_content()) for element in document.tree.iter("title")), "")
    return title.split(" | ")[0].split(" - ")[0].strip()


def breadcrumb(document: Document) -> str:
    """Return the category path of a listing page, "" if it has no breadcrumb."""
    parent_path = html_heuristics.extract_breadcrumb(document)
    return (
        f"{parent_path} > {page_title(document)}"
        if parent_path and not parent_path.endswith(page_title(document))
        else parent_path
    )


def parent_paths(url: str) -> Iterator[str]:
    """Yield the path of `url`, then its parents: "/c/men/tops", "/c/men", "/c"."""
    path = urlsplit(url).path.rstrip("/")
    while path:
        yield path
        path = path.rpartition("/")[0]


def _internal_links(document: Document, kept: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Yield (canonical URL, whether it is in the main content) of each link to another page of the shop."""
    for href, in_main_content in _all_hrefs(document):
        url = document.resolve_href(href)
        if url is None or not urls.is_same_site(url, document.url):
            continue
        url = urls.canonicalize(url, kept)
        if url != document.url and not urls.has_ignored_extension(url):
            yield url, in_main_content


def _scripted_hrefs(document: Document) -> Iterator[str]:
    """Yield the targets of a refresh after a short wait, of a script that only redirects, of frames and components."""
    for meta in document.tree.iter("meta"):
        refresh = _REFRESH.match(meta.get("content") or "")
        if (meta.get("http-equiv") or "").lower() == "refresh" and refresh and float(refresh[1]) <= MAX_REFRESH_SECONDS:
            yield refresh[2]
    if "location" in document.html and _has_few_links(document):
        for script in document.tree.iter("script"):
            yield from (match[1] for match in islice(_CLICK_TARGET.finditer(script.text or ""), 1))
    yield from (frame.get("src") or "" for frame in document.tree.iter("frame"))
    if _COMPONENT.search(document.html):
        for element in document.main_elements:
            if "-" in element.tag:
                yield from (value for name in _COMPONENT_ATTRIBUTES if (value := element.get(name)))
    if "onchange" in document.html:
        for menu in document.tree.iter("select"):
            if "location" in (menu.get("onchange") or ""):
                yield from (value for option in menu.iter("option") if "/" in (value := option.get("value") or ""))
    yield from _clickable_hrefs(document)


def _has_few_links(document: Document) -> bool:
    anchors = islice(document.tree.iter("a"), _MAX_LINKS_BESIDE_REDIRECT + 1)
    return sum(1 for _ in anchors) <= _MAX_LINKS_BESIDE_REDIRECT


def _clickable_hrefs(document: Document) -> Iterator[str]:
    """Yield the targets of elements that a script turns into links."""
    if not any(name in document.html for name in (*_LINK_ATTRIBUTES, "onclick")):
        return
    for element in document.main_elements:
        if element.tag == "a" and element.get("href", "#").strip() not in ("#", "") and "onclick" not in element.attrib:
            continue
        yield from (value for name in _LINK_ATTRIBUTES if (value := element.get(name)))
        if click := _CLICK_TARGET.search(element.get("onclick") or ""):
            yield click[1]


def _all_hrefs(document: Document) -> Iterator[tuple[object, bool]]:
    """Yield (href, whether it is in the main content) of each link, including those of a JSON-LD ItemList."""
    for anchor in document.tree.iter("a", "area", "link"):
        rel = (anchor.get("rel") or "").lower().split()
        if "nofollow" in rel or (anchor.tag == "link" and not {"next", "prev"} & set(rel)):
            continue
        if href := anchor.get("href"):
            yield href, anchor.tag == "link" or not document.is_in_boilerplate(anchor)
    yield from ((href, True) for href in _scripted_hrefs(document))
    yield from ((href, True) for href in script_data.product_links(document))
    for node in structured_data.find_json_ld_nodes(document):
        # A listing that is rendered by scripts has its product links only here.
        if "itemlist" in node_types(node):
            yield from ((_list_item_href(entry), True) for entry in as_list(node.get("itemListElement")))


def _list_item_href(entry: object) -> object:
    """Return the address of an element of an ItemList: of itself, of its item, or of the offer of its item."""
    for node in (entry, entry.get("item") if isinstance(entry, dict) else None):
        if not isinstance(node, dict):
            if node:
                return node
            continue
        offers = next((offer for offer in as_list(node.get("offers")) if isinstance(offer, dict)), {})
        if address := node.get("url") or offers.get("url") or (node.get("@id") if "item" not in node else None):
            return address
    return None
