"""Extract the links of a listing or home page: to products, to its next page and to other listings."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from crawler.discover import crawl_traps, identifying_params, urls
from crawler.extract import html_heuristics, script_data, structured_data
from crawler.extract.document import Document, collapse_whitespace
from crawler.extract.linked_nodes import as_list, node_types

MAX_REFRESH_SECONDS = 10
"""A page that is refreshed after a longer wait shows something itself."""
_REFRESH = re.compile(r"\s*(\d{1,4}(?:\.\d*)?)\s*[;,]\s*(?:url\s*=\s*)?[\"']?([^\"'>\s]+)", re.IGNORECASE)
_LINK_ATTRIBUTES = ("data-href", "data-link", "data-url", "data-product-url", "data-link-url")
_CLICK_TARGET = re.compile(r"(?:location(?:\.href)?\s*=|location\.assign\(|window\.open\()\s*[\"']([^\"']+)[\"']")


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
    """Yield the targets of a refresh after a short wait, and of elements that a script turns into links."""
    for meta in document.tree.iter("meta"):
        refresh = _REFRESH.match(meta.get("content") or "")
        if (meta.get("http-equiv") or "").lower() == "refresh" and refresh and float(refresh[1]) <= MAX_REFRESH_SECONDS:
            yield refresh[2]
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
            for entry in as_list(node.get("itemListElement")):
                if isinstance(entry, dict):
                    item = entry.get("item")
                    yield entry.get("url") or (item.get("url") if isinstance(item, dict) else item), True
