"""A page, parsed once for all extractors, and its main content: without navigation, footer and other products."""

import html as html_entities
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import islice
from typing import Any

import lxml.html
from lxml import etree
from lxml.etree import ParserError

from crawler.decoding.text_encoding import detect_encoding
from crawler.discover import urls
from crawler.page.canonical import find_canonical_url
from crawler.page.heading import find_heading, normalise_name, site_names
from crawler.page.product_cards import ProductCards, find_ancestors
from crawler.values.text import visible_text

_PLACEHOLDER = re.compile(
    r"\$[A-Za-z_]\w*|\{\{.*\}\}|\{%.*%\}|\[object Object\]|undefined|null|none|n/?a|-+", re.IGNORECASE
)
_TEMPLATE_EXPRESSION = re.compile(r"\{\{.*\}\}|\$\{.*\}|<%.*%>|\{%.*%\}")
_MAX_TEMPLATE_LENGTH = 200
_TITLE_SEPARATOR = re.compile(r"\s+[|–—·»›]\s+|\s+-\s+|\s*[|｜]\s*")
_TEMPLATE_MARKER = re.compile(r"\{\{|\}\}|\{%|<%|\$\{|\[\[")
_ENTITY = re.compile(r"&(?:amp|#0*38|#x0*26|#0*47|#x0*2f|quot|#0*34);", re.IGNORECASE)
_BOILERPLATE_TAGS = frozenset({"nav", "footer", "noscript", "aside", "header"})
_NON_CONTENT_TAGS = frozenset({"script", "style", "template", "svg", "iframe", "head"})
_OTHER_PRODUCTS_NAME = re.compile(
    r"related|upsell|up-sell|cross-?sell|recommend|similar|also[-_ ]?(?:viewed|bought|like)|recently|you-may"
    r"|complete-the|footer|breadcrumb|minicart|mini-cart|sponsored|carousel-card",
    re.IGNORECASE,
)
_PAGE_PART_NAME = re.compile(
    r"(?<![a-z])nav(?:bar|igation)?(?![a-z])|\bmenu|newsletter|(?<![a-z])reviews?(?![a-z])|payment|instagram|cookie"
    r"|modal-menu|mega-?menu|sitemap|site-?header",
    re.IGNORECASE,
)
"""Names of parts of a page; a block around the product can have them too: "product-with-reviews"."""
_PRODUCT_PART_NAME = re.compile(
    r"product|gallery|(?<![a-z])pdp(?![a-z])|buy-?box|purchase|(?<![a-z])item-(?:info|detail)", re.IGNORECASE
)
_BUY_NAME = re.compile(
    r"(?:cart|basket|bag)[-_/]?add|add[-_]?(?:to[-_]?)?(?:cart|basket|bag)|variations_form|buy-?(?:now|button)|warenkorb"
    r"|product[-_]?form|in-den-",
    re.IGNORECASE,
)
_MAX_BUY_CONTROLS = 4
"""Maximum number of elements that belong to the one button to buy of a product page."""


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
    """The text of the h1 of the page's own product or listing, or ""."""
    heading_element: Any
    """That h1, or None."""
    product_cards: ProductCards
    tree: lxml.html.HtmlElement
    html: str
    """The decoded source of the page."""
    identifying_params: frozenset[str] = frozenset()
    """The query parameters of the page's URL that tell the products of this shop apart."""

    @cached_property
    def results(self) -> dict[Any, Any]:
        """What `once_per_document` has read, by function."""
        return {}

    @cached_property
    def title(self) -> str:
        """The text of the title tag without the name of the shop, or ""."""
        title = next((collapse_whitespace(element.text_content()) for element in self.tree.iter("title")), "")
        parts = [part.strip() for part in _TITLE_SEPARATOR.split(title)]
        names = site_names(self.tree, self.url)
        return next((part for part in parts if part and normalise_name(part) not in names), parts[0])

    @property
    def main_elements(self) -> list[Any]:
        """The elements of the main content in document order."""
        return self._content_parts[0]

    @property
    def breadcrumb_blocks(self) -> list[Any]:
        """The elements whose class or id names a breadcrumb."""
        return self._content_parts[1]

    @property
    def main_elements_and_noscript(self) -> list[Any]:
        """The elements of the main content, and among them each <noscript> without its content."""
        return self._content_parts[2]

    @cached_property
    def _content_parts(self) -> tuple[list[Any], list[Any], list[Any]]:
        return _split_main_content(self)

    @cached_property
    def _around_heading(self) -> set[Any]:
        return find_ancestors([] if self.heading_element is None else [self.heading_element])

    @cached_property
    def _around_buy_controls(self) -> set[Any]:
        """The elements around the form or button to buy, if the page has one product to buy."""
        controls = list(islice(_iter_buy_controls(self), _MAX_BUY_CONTROLS + 1))
        return find_ancestors(controls) if len(controls) <= _MAX_BUY_CONTROLS else set()

    def is_boilerplate(self, block: Any) -> bool:
        """Return whether `block` is navigation, a footer, a block of other products or such, not around the product."""
        id_, class_ = block.get("id"), block.get("class")
        if not (id_ or class_ or block.tag in _BOILERPLATE_TAGS):
            return False
        names = f"{id_ or ''} {class_ or ''}"
        of_other_products, of_page_part = _classify_names(names)
        is_boilerplate = of_other_products or block.tag in ("nav", "footer", "noscript")
        is_uncertain = of_page_part or block.tag in ("aside", "header")
        if not (is_boilerplate or is_uncertain) or block in self._around_heading:
            return False
        if is_boilerplate:
            return True
        if block.tag == "aside" and not of_page_part and _PRODUCT_PART_NAME.search(names):
            return False
        return block not in self._around_buy_controls

    def is_in_boilerplate(self, element: Any) -> bool:
        """Return whether `element` is in such a block."""
        visited, answer = [], False
        while element is not None and element.tag not in ("html", "body"):
            if element in self._known_boilerplate:
                answer = self._known_boilerplate[element]
                break
            visited.append(element)
            if self.is_boilerplate(element):
                answer = True
                break
            element = element.getparent()
        self._known_boilerplate.update(dict.fromkeys(visited, answer))
        return answer

    @cached_property
    def _known_boilerplate(self) -> dict[Any, bool]:
        return {}

    @cached_property
    def labelled_elements(self) -> list[tuple[Any, str]]:
        """The main elements with an id or a class, and both as text: (element, "main product-sku")."""
        pairs = ((e, f"{e.get('id') or ''} {e.get('class') or ''}".strip()) for e in self.main_elements)
        return [(element, names) for element, names in pairs if names]

    def resolve_href(self, href: object) -> str | None:
        """Resolve `href` on this page; see the function `resolve_href`."""
        return resolve_href(self.base_url, href)


def parse_html(html: str, url: str, identifying_params: frozenset[str] = frozenset()) -> Document:
    """Parse `html`, which may be broken or empty, as the page at `url`.

    Args:
        html: The decoded page.
        url: Its URL.
        identifying_params: Names of query parameters that are part of the page's address in this shop.
    """
    try:
        # Bytes and a declared encoding: lxml refuses text with an XML encoding declaration.
        parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
        tree = lxml.html.document_fromstring(html.encode("utf-8", errors="replace"), parser=parser)
    except ParserError:
        tree = lxml.html.document_fromstring("<html></html>")
    url = urls.canonicalize(url, identifying_params)
    base_url = url
    for element in islice(tree.iter("base"), 1):
        base_url = resolve_href(url, element.get("href")) or url
    cards = ProductCards()
    heading_element = find_heading(tree, url, partial(resolve_href, base_url), cards)
    heading = "" if heading_element is None else visible_text(heading_element)
    return Document(
        url=url,
        base_url=base_url,
        canonical_url=find_canonical_url(tree, url, heading, partial(resolve_href, base_url), identifying_params),
        heading=heading,
        heading_element=heading_element,
        product_cards=cards,
        tree=tree,
        html=html,
        identifying_params=identifying_params,
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


def _iter_buy_controls(document: Document) -> Iterator[Any]:
    for element in document.tree.iter("form", "button", "input"):
        names = " ".join(element.get(key) or "" for key in ("action", "class", "id", "name"))
        if _is_buy_name(names) and not document.product_cards.contain(element):
            yield element


@lru_cache(maxsize=65536)
def _classify_names(names: str) -> tuple[bool, bool]:
    """Return whether an id or a class names a block of other products, and whether one of the parts of a page."""
    return bool(_OTHER_PRODUCTS_NAME.search(names)), bool(_PAGE_PART_NAME.search(names))


@lru_cache(maxsize=65536)
def _is_buy_name(names: str) -> bool:
    return bool(_BUY_NAME.search(names))


def _split_main_content(document: Document) -> tuple[list[Any], list[Any], list[Any]]:
    """Return (the elements of the main content, the breadcrumb blocks, the first with the <noscript> among them).

    Boilerplate and scripts are skipped with all that they contain.
    """
    tree = document.tree
    body = tree.find("body")
    main_elements, breadcrumb_blocks, with_noscript = [], [], []
    walk = etree.iterwalk(tree if body is None else body, events=("start",))
    for _, element in walk:
        tag = element.tag
        if not isinstance(tag, str) or tag in _NON_CONTENT_TAGS:
            walk.skip_subtree()
        elif tag == "noscript":
            walk.skip_subtree()
            with_noscript.append(element)
        elif tag != "body" and document.is_boilerplate(element):
            walk.skip_subtree()
            if is_breadcrumb_block(element):
                breadcrumb_blocks.append(element)
        else:
            main_elements.append(element)
            with_noscript.append(element)
    if not breadcrumb_blocks and "readcrumb" in document.html:
        # They can be inside a header or another block of boilerplate.
        breadcrumb_blocks = tree.xpath("//body//*[contains(@class, 'readcrumb') or contains(@id, 'readcrumb')]")
    return main_elements, breadcrumb_blocks, with_noscript


def is_breadcrumb_block(element: lxml.html.HtmlElement) -> bool:
    """Return whether the attributes of `element` name a breadcrumb."""
    names = (element.get(key) or "" for key in ("class", "id", "data-role", "aria-label"))
    return "breadcrumb" in " ".join(names).lower()
