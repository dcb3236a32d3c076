"""Find the pages that a product page names as pages of the same product: its group, its variants, its translations.

These are claims. Which of them are true is decided when all pages are known, see crawler.storage.families.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, Self

from crawler.discover import crawl_traps, urls
from crawler.extract import structured_data
from crawler.extract.linked_nodes import Node, as_list, node_types
from crawler.extract.main_product import is_product_node
from crawler.page.document import Document, collapse_whitespace
from crawler.page.once_per_document import once_per_document
from crawler.values import labelled_values, value_parsing
from crawler.values.variant_names import is_variant_name

X_DEFAULT = "x-default"
"""The language code of hreflang for the page of visitors whose language the shop does not have."""
MAX_VARIANTS = 500
"""Maximum number of variants of one page that count."""
MAX_TRANSLATIONS = 200
"""Maximum number of translations of one page that count."""
MIN_VARIANT_LINKS = 2
_VARIANT_BLOCK_NAME = re.compile(
    r"variant|variation|swatch|colou?rs?\b|sizes?\b|farbe|farben|gr(?:ö|oe?)(?:ß|ss)e|couleur|taille|colore|taglia|talla"
    r"|product-?options?|child-?products?|grouped",
    re.IGNORECASE,
)
_MAX_BLOCK_LEVELS, _MAX_COLUMNS = 4, 20
_PAGE_TAGS = frozenset({"body", "html", "main", "article"})
_URL_ATTRIBUTES_OF_OPTION = ("data-url", "data-href", "data-link", "data-product-url", "value")
_LOOKS_LIKE_URL = re.compile(r"https?://|/(?!/)|\.{0,2}/|[^\s?]*\?[^\s=]+=")


@dataclass(frozen=True, kw_only=True)
class Relations:
    """The other pages that a page claims to be of the same product; all URLs are canonical and of the same shop."""

    groups: tuple[str, ...] = ()
    """The page of the whole product, stated as schema.org's isVariantOf."""
    variants: tuple[str, ...] = ()
    """Pages of variants, stated as schema.org's hasVariant."""
    breadcrumb: str = ""
    """The last page of the breadcrumb: a category, or the product that this page is a variant of."""
    variant_links: tuple[str, ...] = ()
    """The links in a table, a list or a select of variants."""
    translations: tuple[tuple[str, str], ...] = ()
    """(language, URL) of each hreflang: an ISO 639 code in lower case, or X_DEFAULT."""

    def to_json(self) -> str:
        """Return the relations as JSON, "" if there are none."""
        values = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(values, ensure_ascii=False) if values else ""

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the relations that `to_json` wrote."""
        values: dict[str, Any] = json.loads(text) if text else {}
        lists = {name: tuple(values.get(name, ())) for name in ("groups", "variants", "variant_links")}
        translations = tuple((language, url) for language, url in values.get("translations", ()))
        return cls(breadcrumb=values.get("breadcrumb", ""), translations=translations, **lists)

    def find_language(self, url: str) -> str:
        """Return the language that hreflang states for a page, "" if it states none."""
        return next((code for code, target in self.translations if target == url and code != X_DEFAULT), "")

    @property
    def pages_of_variants(self) -> tuple[str, ...]:
        """The pages of variants that the crawl must read to know the whole product."""
        return tuple(dict.fromkeys((*self.variants, *self.variant_links)))


def find_relations(document: Document) -> Relations:
    """Return the pages that a product page claims to be of the same product."""
    groups: dict[str, None] = {}
    variants: dict[str, None] = {}
    crumbs: list[str] = []
    for node in structured_data.find_json_ld_nodes(document):
        if is_product_node(node):
            groups |= dict.fromkeys(_node_urls(node, "isVariantOf", document))
            variants |= dict.fromkeys(_node_urls(node, "hasVariant", document))
        elif "breadcrumblist" in node_types(node):
            crumbs = list(_breadcrumb_urls(node, document))
    for block in document.breadcrumb_blocks:
        crumbs = [url for anchor in block.iter("a") if (url := _page_url(anchor.get("href"), document))] or crumbs
    return Relations(
        groups=tuple(groups),
        variants=tuple(variants)[:MAX_VARIANTS],
        breadcrumb=crumbs[-1] if crumbs else "",
        variant_links=find_variant_links(document).urls,
        translations=tuple(_find_translations(document)),
    )


class VariantLinks(NamedTuple):
    """The links in lists, tables and selects of variants."""

    urls: tuple[str, ...]
    """Canonical URLs, each once; none if there is only one."""
    are_certain: bool
    """The texts of two links are names of variants, or two links are in a table of colours or sizes."""


@once_per_document
def find_variant_links(document: Document) -> VariantLinks:
    """Return the links to the variants of the product on this page.

    A link is one to a variant if its text is the heading with something added ("Shirt, blue, M"), or if the block
    around it is named or headed like a list of variants. Links in product cards are those of other products.
    """
    found: dict[str, bool] = {}
    blocks = _VariantBlocks()
    for element in document.main_elements:
        if element.tag == "a":
            hrefs = (element.get("href"),)
        elif element.tag == "option":
            hrefs = tuple(v for name in _URL_ATTRIBUTES_OF_OPTION if (v := element.get(name)) and _looks_like_url(v))
        else:
            continue
        has_name = _has_variant_name(element, document)
        block = "" if has_name else blocks.find(element)
        if not (has_name or block):
            continue
        url = next((url for href in hrefs if (url := _page_url(href, document))), None)
        if url and url not in found and not document.product_cards.contain(element):
            found[url] = has_name or block == "table"
            if len(found) == MAX_VARIANTS:
                break
    if len(found) < MIN_VARIANT_LINKS:
        return VariantLinks((), are_certain=False)
    return VariantLinks(tuple(found), are_certain=sum(found.values()) >= MIN_VARIANT_LINKS)


def _has_variant_name(element: Any, document: Document) -> bool:
    text = collapse_whitespace(element.text_content()) or collapse_whitespace(element.get("title") or "")
    return bool(document.heading) and is_variant_name(text, document.heading, ())


class _VariantBlocks:
    """The blocks of variants of one page. Each block is examined once, so that the cost grows with the page only."""

    def __init__(self) -> None:
        self._kinds: dict[Any, str | None] = {}

    def find(self, element: Any) -> str:
        """Return the tag of the block of variants around a link, "" if there is none."""
        block = element
        for _ in range(_MAX_BLOCK_LEVELS):
            block = block.getparent()
            if block is None:
                return ""
            if block not in self._kinds:
                self._kinds[block] = _kind_of_block(block)
            kind = self._kinds[block]
            if kind != "":
                return kind or ""
        return ""


def _kind_of_block(block: Any) -> str | None:
    """Return the tag of a block of variants, "" for another block, None for a block that is most of the page."""
    if block.tag in _PAGE_TAGS or block.find(".//h1") is not None:
        return None
    names = " ".join(block.get(key) or "" for key in ("id", "class", "name", "aria-label"))
    if (block.tag == "table" and _has_variant_columns(block)) or _names_variants(names):
        return str(block.tag)
    return ""


def _has_variant_columns(table: Any) -> bool:
    """Return whether a column of the table is headed as a colour or a size."""
    headers = [collapse_whitespace(cell.text_content()) for cell in islice(table.iter("th"), _MAX_COLUMNS)]
    return any(labelled_values.is_colour_label(header) or _names_variants(header) for header in headers)


@lru_cache(maxsize=65536)
def _names_variants(names: str) -> bool:
    return bool(_VARIANT_BLOCK_NAME.search(names)) and "guide" not in names.lower()


def _looks_like_url(value: str) -> bool:
    return bool(_LOOKS_LIKE_URL.match(value))


def _page_url(href: object, document: Document) -> str | None:
    """Return the canonical URL of a link to another page of the shop, None for any other link."""
    url = document.resolve_href(href)
    if url is None or not urls.is_same_site(url, document.url) or urls.has_ignored_extension(url):
        return None
    kept = document.identifying_params
    url = urls.canonicalize(url, kept)
    return None if url in (document.url, document.canonical_url) or crawl_traps.skip_reason(url, kept) else url


def _node_urls(node: Node, name: str, document: Document) -> Iterator[str]:
    for part in as_list(node.get(name)):
        hrefs = [part.get("url"), part.get("@id")] if isinstance(part, dict) else [part]
        for href in hrefs:
            is_address = isinstance(href, str) and _looks_like_url(href.strip())
            if is_address and (url := _page_url(href, document)):
                yield url


def _breadcrumb_urls(node: Node, document: Document) -> Iterator[str]:
    for entry in as_list(node.get("itemListElement")):
        item = entry.get("item") if isinstance(entry, dict) else None
        href = item.get("@id") or item.get("url") if isinstance(item, dict) else item
        if url := _page_url(href, document):
            yield url


def _find_translations(document: Document) -> Iterator[tuple[str, str]]:
    count = 0
    for link in document.tree.iter("link"):
        code = (link.get("hreflang") or "").strip().lower()
        if not code or "alternate" not in (link.get("rel") or "").lower().split() or count == MAX_TRANSLATIONS:
            continue
        language = code if code == X_DEFAULT else value_parsing.parse_language(code)
        url = document.resolve_href(link.get("href"))
        if language and url and urls.is_same_site(url, document.url):
            count += 1
            yield language, urls.canonicalize(url, document.identifying_params)
