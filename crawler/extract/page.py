"""The page as a person sees it: heading, breadcrumbs, description block, attribute tables, the product's gallery."""

import re
from collections.abc import Iterator

import lxml.html

from crawler.extract import gallery
from crawler.extract.document import Document, said, squeeze
from crawler.extract.layer import Layer
from weft.contracts.product import Attribute, PhotoLink

LONGEST_NAME = 40
LONGEST_VALUE = 200

_LOWER = (
    "translate(concat(@id, ' ', @class, ' ', @data-role), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')"
)
_CRUMBS = f"//*[contains({_LOWER}, 'breadcrumb') or contains(@aria-label, 'readcrumb')]"
_DESCRIPTIONS = f"//body//*[self::div or self::section or self::p or self::article][contains({_LOWER}, 'description')]"
_HOME = frozenset({"", "home", "homepage", "startseite", "accueil", "inicio"})
_SEPARATORS = re.compile(r"^[\s/>»›|·•→-]+|[\s/>»›|·•→-]+$")
_BUY = re.compile(
    r"add[-_ ]?to[-_ ]?(?:cart|bag|basket)|buy[-_ ]?now|in den warenkorb|ajouter au panier", re.IGNORECASE
)


def read(document: Document) -> Layer:
    """What the visible page says; on its own it takes a page for a product's only with a heading and a buy button."""
    trail = breadcrumbs(document)
    photos = gallery.photos(document)
    return Layer(
        name="page",
        is_product=bool(document.heading and photos) and _can_be_bought(document),
        title=document.heading,
        description=description(document),
        categories=(trail,) if trail else (),
        attributes=tuple(attributes(document)),
        photos=tuple(PhotoLink(url=url) for url in photos),
    )


def breadcrumbs(document: Document) -> str:
    """The page's trail, "Women > Tops", without home and without the page itself; "" where there is none."""
    for block in document.tree.xpath(_CRUMBS):
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
    """The inner HTML of the longest block named a description, outside navigation and related products."""
    best, longest = "", 0
    for block in document.tree.xpath(_DESCRIPTIONS):
        if gallery.is_aside(block):
            continue
        length = len(squeeze(block.text_content()))
        if length > longest:
            best, longest = _inner_html(block), length
    return best


def attributes(document: Document) -> Iterator[Attribute]:
    """Two-column tables and definition lists of short names and values."""
    rows = [(row[0], row[1]) for row in document.tree.xpath("//tr[count(*) = 2]")]
    rows += [(dt, dt.getnext()) for dt in document.tree.iter("dt")]
    for name, value in rows:
        if value is None or value.tag not in ("td", "dd") or gallery.is_aside(name):
            continue
        label, text = said(name.text_content()).rstrip(":"), said(value.text_content())
        if 0 < len(label) <= LONGEST_NAME and 0 < len(text) <= LONGEST_VALUE:
            yield Attribute(name=label, value=text)


def lacks(document: Document) -> list[str]:
    """What the visible page lacks to be taken for a product's."""
    missing = [] if gallery.photos(document) else ["no photo of its own"]
    return missing if _can_be_bought(document) else [*missing, "no button to buy"]


def _can_be_bought(document: Document) -> bool:
    for button in document.tree.xpath("//button | //input[@type='submit'] | //form"):
        said_here = " ".join((button.get(key) or "") for key in ("id", "class", "name", "value", "action"))
        if _BUY.search(said_here) or (button.tag == "button" and _BUY.search(button.text_content())):
            return not gallery.is_aside(button)
    return False


def _inner_html(block: lxml.html.HtmlElement) -> str:
    parts = [block.text or ""]
    for child in block:
        if child.tag not in ("script", "style", "noscript", "form", "button"):
            parts.append(lxml.html.tostring(child, encoding="unicode"))
        else:
            parts.append(child.tail or "")
    return "".join(parts).strip()
