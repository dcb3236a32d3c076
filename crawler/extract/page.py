"""The page as a person sees it: heading, breadcrumbs, description block, attribute tables, the product's gallery."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape

import lxml.html

from crawler.extract import address_number, buying, gallery, named_places, printed
from crawler.extract.document import Document, said, squeeze
from crawler.extract.layer import Layer
from weft.contracts.product import Attribute, PhotoLink

LONGEST_NAME = 40
LONGEST_VALUE = 200
LONGEST_DESCRIPTION = 20_000
"""Characters of text; what says more is a whole page."""
_ENOUGH_SIGNS, _CELLS = 2, 2
_NEARLY = 0.8
"""Share of the longest block's text that makes a block within it the better one."""

_DESCRIPTION = re.compile(
    r"description|beschreibung|descripcion|descrizione|descricao|descriptif|\bopis|popis|kuvaus|beskriv|leiras|descriere"
    r"|product[-_]?(?:text|story|copy)|detail-?text|about-?product",
    re.IGNORECASE,
)
_DETAILS = re.compile(
    r"product[-_]?(?:info|details?|overview|content)|pdp-?(?:info|details)|item-?details|feature-?bullets",
    re.IGNORECASE,
)
_NO_DESCRIPTION = re.compile(
    r"ship|deliver|return|policy|seller|meta|category|size-?guide|warrant|payment", re.IGNORECASE
)
_BLOCKS = frozenset({"div", "section", "p", "article", "ul", "td", "dd", "span"})
_HOME = frozenset({"", "home", "homepage", "startseite", "accueil", "inicio"})
_SEPARATORS = re.compile(r"^[\s/>»›|·•→-]+|[\s/>»›|·•→-]+$")


def read(document: Document, known: frozenset[str]) -> Layer:
    """What the visible page says.

    On its own it takes a page for a product's only with a name, a photo, and a button to buy or two other signs of one
    thing for sale: a price, a printed number, a number in its address.

    Args:
        document: The page.
        known: Fields that its markup tells, which are not looked for here; "product" where it tells that there is one;
            "internal sku" where its sku may be none that people know.
    """
    trail = breadcrumbs(document)
    photos = gallery.photos(document)
    told = printed.found(document)
    layer = Layer(
        name="page",
        title=document.heading,
        description=description(document),
        colour=told.get("colour", ""),
        gtin=told.get("gtin", ""),
        categories=(trail,) if trail else (),
        attributes=tuple(attributes(document)),
        photos=tuple(PhotoLink(url=url) for url in photos),
    )
    if "brand" not in known:
        layer.brand = told.get("brand") or told.get("manufacturer") or named_places.brand(document)
    number = address_number.number(document) if not {"sku", "product"} <= known else ""
    if "internal sku" in known:
        layer.sku = told.get("sku", "")
    elif "sku" not in known:
        layer.sku = (
            told.get("sku")
            or named_places.sku(document)
            or number
            or told.get("reference")
            or named_places.form_number(document)
        )
    can_be_bought = False
    if not {"product", "availability"} <= known:
        can_be_bought = buying.has_button(document)
        # Notices for other sizes and other sellers are about; a button that works is not.
        layer.availability = "InStock" if can_be_bought else "OutOfStock" if buying.is_sold_out(document) else ""
    if not {"product", "price"} <= known:
        layer.price = buying.price(document)
    signs = sum(map(bool, (layer.price, told.get("sku") or told.get("reference") or layer.gtin, number)))
    layer.is_product = bool((document.heading or document.name) and photos) and (
        can_be_bought or signs >= _ENOUGH_SIGNS
    )
    return layer


def breadcrumbs(document: Document) -> str:
    """The page's trail, "Women > Tops", without home and without the page itself; "" where there is none."""
    for block in document.crumbs:
        steps = block.xpath(".//li") or block.xpath(".//a | .//span[not(.//a) and not(ancestor::a)]")
        names = [_SEPARATORS.sub("", squeeze(step.text_content())) for step in steps]
        while names and names[0].lower() in _HOME:
            names.pop(0)
        if names and names[-1] == document.heading:
            names.pop()
        names = [name for name in names if name]
        if names:
            return " > ".join(dict.fromkeys(names))
    return ""


def description(document: Document) -> str:
    """The inner HTML of the longest block named a description, else of one named after the product's details.

    Of blocks within each other the inner one counts where it says nearly as much; what holds the heading or a form
    is more than a description.
    """
    for names_it in (_names_description, _names_details):
        told = [
            (element, len(squeeze(element.text_content())))
            for element, names in document.named
            if element.tag in _BLOCKS and names_it(names) and not _holds_more(element)
        ]
        told = [(element, length) for element, length in told if length <= LONGEST_DESCRIPTION]
        longest = max((length for _, length in told), default=0)
        if longest:
            return inner_html([element for element, length in told if length >= _NEARLY * longest][-1])
    return ""


def _holds_more(block: lxml.html.HtmlElement) -> bool:
    return any(block.find(f".//{tag}") is not None for tag in ("h1", "form", "select"))


@lru_cache(maxsize=65536)
def _names_description(names: str) -> bool:
    return bool(_DESCRIPTION.search(names)) and not _NO_DESCRIPTION.search(names)


@lru_cache(maxsize=65536)
def _names_details(names: str) -> bool:
    return bool(_DETAILS.search(names)) and not _NO_DESCRIPTION.search(names)


def attributes(document: Document) -> Iterator[Attribute]:
    """Two-column tables and definition lists of short names and values."""
    rows = [(row[0], row[1]) for row in document.own if row.tag == "tr" and len(row) == _CELLS]
    rows += [(dt, dt.getnext()) for dt in document.own if dt.tag == "dt"]
    for name, value in rows:
        if value is None or value.tag not in ("td", "dd"):
            continue
        label, text = said(name.text_content()).rstrip(":"), said(value.text_content())
        if 0 < len(label) <= LONGEST_NAME and 0 < len(text) <= LONGEST_VALUE:
            yield Attribute(name=label, value=text)


def lacks(document: Document) -> list[str]:
    """What the visible page lacks to be taken for a product's."""
    missing = [] if gallery.photos(document) else ["no photo of its own"]
    return missing if buying.has_button(document) else [*missing, "no button to buy"]


def inner_html(block: lxml.html.HtmlElement) -> str:
    """What stands within `block`, without scripts, forms and buttons."""
    parts = [escape(block.text or "", quote=False)]
    for child in block:
        if child.tag not in ("script", "style", "noscript", "form", "button"):
            parts.append(lxml.html.tostring(child, encoding="unicode"))
        else:
            parts.append(escape(child.tail or "", quote=False))
    return "".join(parts).strip()
