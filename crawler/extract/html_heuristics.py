"""Extract fields from the visible page: heading, breadcrumb, description block, attribute tables and gallery."""

import re
from collections.abc import Iterable
from functools import lru_cache
from html import escape

import lxml.html

from crawler.extract import relations
from crawler.extract.models import ExtractedFields
from crawler.page import attribute_hints, attributes, images, printed_values, purchase_signals
from crawler.page.document import Document, collapse_whitespace
from crawler.values import labelled_values, value_parsing
from crawler.values.text import visible_text
from weft.contracts.product import Attribute, PhotoLink

MAX_DESCRIPTION_LENGTH = 20_000
"""Maximum number of characters of text; a longer block is a whole page."""
_MIN_PRODUCT_SIGNALS = 2
_MIN_INNER_TEXT_SHARE = 0.8
"""A nested block replaces the longest one if it has at least this share of its text."""

_DESCRIPTION_NAME = re.compile(
    r"description|beschreibung|descripcion|descrizione|descricao|descriptif|\bopis|popis|kuvaus|beskriv|leiras|descriere"
    r"|product[-_]?(?:text|story|copy)|detail-?text|about-?product",
    re.IGNORECASE,
)
_DETAILS_NAME = re.compile(
    r"product[-_]?(?:info|details?|overview|content)|pdp-?(?:info|details)|item-?details|feature-?bullets",
    re.IGNORECASE,
)
_OTHER_BLOCK_NAME = re.compile(
    r"ship|deliver|return|policy|seller|meta|category|size-?guide|warrant|payment", re.IGNORECASE
)
_BLOCK_TAGS = frozenset({"div", "section", "p", "article", "ul", "td", "dd", "span"})
_HOME_NAMES = frozenset({"", "home", "homepage", "startseite", "accueil", "inicio"})
_BREADCRUMB_SEPARATORS = re.compile(r"^[\s/>»›|·•→-]+|[\s/>»›|·•→-]+$")


def extract_by_heuristics(document: Document, already_found: frozenset[str]) -> ExtractedFields:
    """Extract fields from the visible page.

    The page counts as a product page if it has a name, a photo, and one of these: a buy button; two of the signals
    price, printed SKU or GTIN, product id in the URL; a list of variants that have pages of their own.

    Args:
        document: The page.
        already_found: The fields that the markup has, which are not searched again; "product" if the markup describes
            one product; "internal sku" if the SKU of the markup may be an id of the software.
    """
    breadcrumb = extract_breadcrumb(document)
    photos = images.extract_photos(document)
    labelled = printed_values.find_labelled_values(document)
    extracted = ExtractedFields(
        source="page",
        title=document.heading,
        description=extract_description(document),
        colour=labelled.get("colour", ""),
        gtin=labelled.get("gtin", ""),
        mpn=labelled.get("mpn", ""),
        categories=(breadcrumb,) if breadcrumb else (),
        attributes=tuple(attributes.extract_attributes(document)),
        photos=tuple(PhotoLink(url=url) for url in photos),
    )
    if "brand" not in already_found:
        extracted.brand = labelled.get("brand") or labelled.get("manufacturer") or attribute_hints.find_brand(document)
    url_id = attribute_hints.find_url_product_id(document) if not {"sku", "product"} <= already_found else ""
    if "internal sku" in already_found:
        extracted.sku = labelled.get("sku", "")
    elif "sku" not in already_found:
        extracted.sku = (
            labelled.get("sku")
            or attribute_hints.find_sku(document)
            or url_id
            or labelled.get("reference")
            or attribute_hints.find_form_product_id(document)
            or _find_code_of_gtin_label(extracted.attributes)
        )
    can_be_bought = False
    if not {"product", "availability"} <= already_found:
        can_be_bought = purchase_signals.has_buy_button(document)
        # A sold-out notice can be about another size or seller, so an enabled buy button decides first.
        extracted.availability = (
            "InStock" if can_be_bought else "OutOfStock" if purchase_signals.is_sold_out(document) else ""
        )
    if not {"product", "price"} <= already_found:
        extracted.price = purchase_signals.find_price(document)
    signals = sum(
        map(bool, (extracted.price, labelled.get("sku") or labelled.get("reference") or extracted.gtin, url_id))
    )
    extracted.is_product = bool((document.heading or document.title) and photos) and (
        can_be_bought or signals >= _MIN_PRODUCT_SIGNALS or _is_group_of_variants(document, extracted)
    )
    return extracted


def _find_code_of_gtin_label(attributes: Iterable[Attribute]) -> str:
    """Return the value beside a label such as "UPC" that is no GTIN: the shop writes its own number there."""
    codes = (a.value for a in attributes if labelled_values.classify_label(a.name) == "gtin" and not a.value.isdigit())
    return next((code for code in codes if printed_values.is_code(code) and not value_parsing.parse_gtin(code)), "")


def _is_group_of_variants(document: Document, extracted: ExtractedFields) -> bool:
    """Return whether the page is that of a product whose variants, which have pages of their own, are bought there."""
    links = relations.find_variant_links(document)
    has_offer = bool(extracted.price or extracted.sku or extracted.gtin)
    return bool(links.urls) and (has_offer or (links.are_certain and bool(extracted.description)))


def extract_breadcrumb(document: Document) -> str:
    """Return the breadcrumb, "Women > Tops", without the home page and the page itself; "" if there is none."""
    for block in document.breadcrumb_blocks:
        items = block.xpath(".//li") or block.xpath(".//a | .//span[not(.//a) and not(ancestor::a)]")
        names = [_BREADCRUMB_SEPARATORS.sub("", visible_text(item)) for item in items]
        while names and names[0].lower() in _HOME_NAMES:
            names.pop(0)
        if names and names[-1] == document.heading:
            names.pop()
        names = [name for name in names if name]
        if names:
            return " > ".join(dict.fromkeys(names))
    return ""


def extract_description(document: Document) -> str:
    """Return the inner HTML of the longest block named "description", else of one named "details"; "" if there is none.

    A nested block is preferred if it has nearly as much text. A block with the heading or a form is not a description.
    """
    for is_match in (_is_description_name, _is_details_name):
        blocks = [
            (element, len(collapse_whitespace(element.text_content())))
            for element, names in document.labelled_elements
            if element.tag in _BLOCK_TAGS and is_match(names) and not _has_heading_or_form(element)
        ]
        blocks = [(element, length) for element, length in blocks if length <= MAX_DESCRIPTION_LENGTH]
        max_length = max((length for _, length in blocks), default=0)
        if max_length:
            block = [element for element, length in blocks if length >= _MIN_INNER_TEXT_SHARE * max_length][-1]
            parts = _text_below_heading(block) if _is_only_heading(block) else [block]
            return " ".join(map(inner_html, parts))
    return ""


def _is_only_heading(block: lxml.html.HtmlElement) -> bool:
    text = collapse_whitespace(block.text_content())
    return any(collapse_whitespace(heading.text_content()) == text for heading in block.iter("h2", "h3", "h4"))


def _text_below_heading(block: lxml.html.HtmlElement) -> list[lxml.html.HtmlElement]:
    """Return the paragraphs and lists that follow a block which is only the heading of the description."""
    found = []
    for sibling in block.itersiblings():
        if sibling.tag not in ("p", "ul", "ol"):
            break
        found.append(sibling)
    return found


def _has_heading_or_form(block: lxml.html.HtmlElement) -> bool:
    return any(block.find(f".//{tag}") is not None for tag in ("h1", "form", "select"))


@lru_cache(maxsize=65536)
def _is_description_name(names: str) -> bool:
    return bool(_DESCRIPTION_NAME.search(names)) and not _OTHER_BLOCK_NAME.search(names)


@lru_cache(maxsize=65536)
def _is_details_name(names: str) -> bool:
    return bool(_DETAILS_NAME.search(names)) and not _OTHER_BLOCK_NAME.search(names)


def missing_signals(document: Document) -> list[str]:
    """Return what the visible page lacks to count as a product page."""
    missing = [] if images.extract_photos(document) else ["no product photo"]
    return missing if purchase_signals.has_buy_button(document) else [*missing, "no button to buy"]


def inner_html(block: lxml.html.HtmlElement) -> str:
    """Return the HTML inside `block`, without scripts, forms and buttons."""
    parts = [escape(block.text or "", quote=False)]
    for child in block:
        if child.tag not in ("script", "style", "noscript", "form", "button"):
            parts.append(lxml.html.tostring(child, encoding="unicode"))
        else:
            parts.append(escape(child.tail or "", quote=False))
    return "".join(parts).strip()
