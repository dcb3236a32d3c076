"""A page, parsed once for all extractors, and its main content: without navigation, footer and other products."""

import html as html_entities
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import lxml.html
from lxml import etree
from lxml.etree import ParserError

from crawler.decoding.text_encoding import detect_encoding
from crawler.discover import urls

_PLACEHOLDER = re.compile(
    r"\$[A-Za-z_]\w*|\{\{.*\}\}|\{%.*%\}|\[object Object\]|undefined|null|none|n/?a|-+", re.IGNORECASE
)
_TEMPLATE_EXPRESSION = re.compile(r"\{\{.*\}\}|\$\{.*\}|<%.*%>|\{%.*%\}")
_MAX_TEMPLATE_LENGTH = 200
_TITLE_SEPARATOR = re.compile(r"\s+[|–—·»›]\s+|\s+-\s+|\s*[|｜]\s*")
_TEMPLATE_MARKER = re.compile(r"\{\{|\}\}|\{%|<%|\$\{|\[\[")
_ENTITY = re.compile(r"&(?:amp|#0*38|#x0*26|#0*47|#x0*2f|quot|#0*34);", re.IGNORECASE)
_BOILERPLATE_TAGS = frozenset({"nav", "footer", "aside", "noscript"})
_NON_CONTENT_TAGS = frozenset({"script", "style", "template", "svg", "iframe", "head"})
_BOILERPLATE_NAME = re.compile(
    r"related|upsell|up-sell|cross-?sell|recommend|similar|also[-_ ]?(?:viewed|bought|like)|recently|you-may"
    r"|complete-the|\bnav(?!igator)|\bmenu|footer|breadcrumb|newsletter|review|payment|instagram|minicart|cookie"
    r"|modal-menu|sponsored|carousel-card|mega-?menu|sitemap|site-?header",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Document:
    """A parsed HTML page."""

    url: str
    """The URL of the page in canonical form."""
    base_url: str
    """Relative URLs are resolved against it."""
    canonical_url: str
    """The canonical URL that the page declares, if it is on the same site, else `url`."""
    heading: str
    """The text of the main h1, or ""."""
    tree: lxml.html.HtmlElement
    html: str
    """The decoded source of the page."""

    @cached_property
    def title(self) -> str:
        """The text of the title tag without the name of the shop, or ""."""
        title = next((collapse_whitespace(element.text_content()) for element in self.tree.iter("title")), "")
        return _TITLE_SEPARATOR.split(title)[0].strip()

    @property
    def main_elements(self) -> list[Any]:
        """The elements of the main content in document order."""
        return self._content_parts[0]

    @property
    def breadcrumb_blocks(self) -> list[Any]:
        """The elements whose class or id names a breadcrumb."""
        return self._content_parts[1]

    @cached_property
    def _content_parts(self) -> tuple[list[Any], list[Any]]:
        return split_main_content(self.tree, self.html)

    @cached_property
    def labelled_elements(self) -> list[tuple[Any, str]]:
        """The main elements with an id or a class, and both as text: (element, "main product-sku")."""
        pairs = ((e, f"{e.get('id') or ''} {e.get('class') or ''}".strip()) for e in self.main_elements)
        return [(element, names) for element, names in pairs if names]

    def resolve_href(self, href: object) -> str | None:
        """Resolve `href` on this page; see the function `resolve_href`."""
        return resolve_href(self.base_url, href)


def parse_html(html: str, url: str) -> Document:
    """Parse `html`, which may be broken or empty, as the page at `url`."""
    try:
        # Bytes and a declared encoding: lxml refuses text with an XML encoding declaration.
        parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
        tree = lxml.html.document_fromstring(html.encode("utf-8", errors="replace"), parser=parser)
    except ParserError:
        tree = lxml.html.document_fromstring("<html></html>")
    url = urls.canonicalize(url)
    base_url = url
    for element in islice(tree.iter("base"), 1):
        base_url = resolve_href(url, element.get("href")) or url
    return Document(
        url=url,
        base_url=base_url,
        canonical_url=_find_canonical_url(tree, base_url, url),
        heading=_find_heading(tree),
        tree=tree,
        html=html,
    )


def resolve_href(base_url: str, href: object) -> str | None:
    """Resolve `href`, which may be protocol-relative, JSON-escaped or contain entities, to an http(s) URL.

    Return None for anything else: another type, an unrendered template, data:, blob:, mailto:.
    """
    if not isinstance(href, str):
        return None
    text = href.strip().strip("\"'").replace("\\/", "/")
    if (
        not text
        or text == "//"
        or text.startswith("#")
        or _PLACEHOLDER.fullmatch(text)
        or _TEMPLATE_MARKER.search(text)
    ):
        return None
    for _ in range(2):
        # Feeds and attributes written by scripts are often escaped twice ("&amp;amp;").
        text = html_entities.unescape(text) if _ENTITY.search(text) else text
    return urls.absolute_url(base_url, text.replace(" ", "%20"))


def decode_html(body: bytes) -> str:
    """Decode a saved page in the same way as the crawl decodes a response without a Content-Type header."""
    return body.decode(detect_encoding(body, ""), errors="replace").removeprefix("\ufeff")


def empty_document(url: str) -> Document:
    """Return an empty page at `url`, for markup that comes without a page."""
    return parse_html("", url)


def collapse_whitespace(text: str) -> str:
    """Replace each run of white space by one space and strip both ends."""
    return " ".join(text.split())


def clean_text(text: object) -> str:
    """Return a value as one line of text; "" for a missing value: null, "N/A", an unrendered template."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return ""
    line = collapse_whitespace(str(text))
    is_placeholder = _PLACEHOLDER.fullmatch(line) or (
        len(line) <= _MAX_TEMPLATE_LENGTH and _TEMPLATE_EXPRESSION.search(line)
    )
    return "" if is_placeholder else line


def _find_heading(tree: lxml.html.HtmlElement) -> str:
    """Return the first h1 with which the title starts, else the first h1; some shops put their logo into an h1."""
    headings = [text for h1 in tree.iter("h1") if (text := collapse_whitespace(h1.text_content()))]
    if len(headings) > 1:
        titles = [collapse_whitespace(title.text_content()) for title in tree.iter("title")]
        titles += [
            collapse_whitespace(meta.get("content") or "")
            for meta in tree.iter("meta")
            if meta.get("property") == "og:title"
        ]
        title_headings = (text for text in headings if any(title.startswith(text) for title in titles))
        return next(title_headings, headings[0])
    return headings[0] if headings else ""


def _find_canonical_url(tree: lxml.html.HtmlElement, base_url: str, url: str) -> str:
    links = (link.get("href") for link in tree.iter("link") if (link.get("rel") or "").lower() == "canonical")
    tags = (meta.get("content") for meta in tree.iter("meta") if meta.get("property") == "og:url")
    for href in (*links, *tags):
        canonical = resolve_href(base_url, href)
        if canonical and urls.is_same_site(canonical, url):
            # Some shops declare their home page on every page.
            if urlsplit(canonical).path in ("", "/") and urlsplit(url).path not in ("", "/"):
                continue
            return urls.canonicalize(canonical)
    return url


def is_inside_boilerplate(element: lxml.html.HtmlElement | None) -> bool:
    """Return whether `element` is inside navigation, header, footer or a block of other products."""
    while element is not None:
        if element.tag in ("html", "body"):
            return False
        if is_boilerplate_block(element):
            return True
        element = element.getparent()
    return False


def is_boilerplate_block(element: lxml.html.HtmlElement) -> bool:
    """Return whether `element` is itself such a block. A block by name, or a header, must not contain the h1."""
    if element.tag in _BOILERPLATE_TAGS:
        return True
    if element.tag == "header":
        return element.find(".//h1") is None
    names = f"{element.get('id', '')} {element.get('class', '')}"
    return _is_boilerplate_name(names) and element.find(".//h1") is None


@lru_cache(maxsize=65536)
def _is_boilerplate_name(names: str) -> bool:
    return bool(_BOILERPLATE_NAME.search(names))


def split_main_content(tree: lxml.html.HtmlElement, html: str) -> tuple[list[Any], list[Any]]:
    """Return (the elements of the main content in document order, the breadcrumb blocks).

    Boilerplate and scripts are skipped with all that they contain.
    """
    body = tree.find("body")
    main_elements, breadcrumb_blocks = [], []
    walk = etree.iterwalk(tree if body is None else body, events=("start",))
    for _, element in walk:
        tag = element.tag
        if not isinstance(tag, str) or tag in _NON_CONTENT_TAGS:
            walk.skip_subtree()
        elif tag != "body" and is_boilerplate_block(element):
            walk.skip_subtree()
            if is_breadcrumb_block(element):
                breadcrumb_blocks.append(element)
        else:
            main_elements.append(element)
    return main_elements, breadcrumb_blocks or (_find_hidden_breadcrumbs(tree) if "readcrumb" in html else [])


def is_breadcrumb_block(element: lxml.html.HtmlElement) -> bool:
    """Return whether the attributes of `element` name a breadcrumb."""
    names = (element.get(key) or "" for key in ("class", "id", "data-role", "aria-label"))
    return "breadcrumb" in " ".join(names).lower()


def _find_hidden_breadcrumbs(tree: lxml.html.HtmlElement) -> list[Any]:
    """Return the breadcrumb blocks inside a header or another block of boilerplate."""
    return list(tree.xpath("//body//*[contains(@class, 'readcrumb') or contains(@id, 'readcrumb')]"))
