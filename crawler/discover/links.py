"""Links of a listing or home page: where its products, its next page and the listings below it are."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from crawler.discover import crawl_traps, urls
from crawler.extract import html_heuristics, images, structured_data
from crawler.extract.document import Document, collapse_whitespace
from crawler.extract.main_product import as_list, node_types


class Link(NamedTuple):
    """A page of the same shop that a listing leads to."""

    url: str
    """Clean."""
    in_main_content: bool
    """The listing itself names it, not the navigation, footer or recommendations around it."""


class PageLinks(NamedTuple):
    """Where a page leads."""

    followed: tuple[Link, ...]
    """Each URL once, in the page's order."""
    skipped: tuple[crawl_traps.SkippedUrl, ...]
    """The views that are not asked."""


def extract_links(document: Document) -> PageLinks:
    """The links of a page that stay on its shop; of a sorted or filtered view its plain address is followed."""
    followed: dict[str, bool] = {}
    skipped: dict[str, str] = {}
    for url, in_main_content in _internal_links(document):
        reason = crawl_traps.skip_reason(url)
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
    """What the page calls itself: its heading, else the first part of its title."""
    if document.heading:
        return document.heading
    title = next((collapse_whitespace(element.text_content()) for element in document.tree.iter("title")), "")
    return title.split(" | ")[0].split(" - ")[0].strip()


def breadcrumb(document: Document) -> str:
    """The category path that the page says it is, "" where it has no breadcrumbs."""
    parent_path = html_heuristics.extract_breadcrumb(document)
    return (
        f"{parent_path} > {page_title(document)}"
        if parent_path and not parent_path.endswith(page_title(document))
        else parent_path
    )


def parent_paths(url: str) -> Iterator[str]:
    """The paths that lead to `url`'s path, longest first, itself included: "/c/men/tops", "/c/men", "/c"."""
    path = urlsplit(url).path.rstrip("/")
    while path:
        yield path
        path = path.rpartition("/")[0]


def _internal_links(document: Document) -> Iterator[tuple[str, bool]]:
    """(clean URL, whether the page itself names it) of every link to another page of the shop."""
    for href, in_main_content in _all_hrefs(document):
        url = document.resolve_href(href)
        if url is None or not urls.is_same_site(url, document.url):
            continue
        url = urls.canonicalize(url)
        if url != document.url and not urls.has_ignored_extension(url):
            yield url, in_main_content


def _all_hrefs(document: Document) -> Iterator[tuple[object, bool]]:
    for anchor in document.tree.iter("a", "area", "link"):
        rel = (anchor.get("rel") or "").lower().split()
        if "nofollow" in rel or (anchor.tag == "link" and not {"next", "prev"} & set(rel)):
            continue
        if href := anchor.get("href"):
            yield href, anchor.tag == "link" or not images.is_inside_boilerplate(anchor)
    for node in structured_data.find_json_ld_nodes(document):
        # A listing drawn by scripts names its products here alone.
        if "itemlist" in node_types(node):
            for entry in as_list(node.get("itemListElement")):
                if isinstance(entry, dict):
                    item = entry.get("item")
                    yield entry.get("url") or (item.get("url") if isinstance(item, dict) else item), True
