"""schema.org: nodes of JSON-LD, microdata or RDFa to a Layer."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from crawler.discover import urls
from crawler.extract import values
from crawler.extract.document import Document, said
from crawler.extract.identity import whole
from crawler.extract.layer import Layer
from crawler.extract.own_product import own_product
from crawler.extract.schema_nodes import Node, each, nodes_of, types
from weft.contracts.product import Attribute, PhotoLink

__all__ = ["Node", "nodes_of", "read", "trail", "types"]

_PLAIN_ATTRIBUTES = ("material", "pattern", "gender", "fit", "neckline", "sleeveLength")
_GTINS = ("gtin13", "gtin", "gtin14", "gtin12", "gtin8", "isbn", "ean", "productID", "identifier")
_HOME = frozenset({"home", "homepage", "home page", "start", "startseite", "accueil", "inicio", "início", "главная"})
_NUMBER_SCHEME = re.compile(r"^(?:sku|mpn|isbn|ean|gtin\d*|upc)[:=]\s*", re.IGNORECASE)


def read(nodes: Iterable[Node], document: Document, name: str) -> Layer:
    """What `nodes` say of the page's own product, and of its breadcrumbs even where there is no product."""
    nodes = list(nodes)
    layer = Layer(name=name)
    trails = [trail(node) for node in nodes if "breadcrumblist" in types(node)]
    product = own_product(nodes, document)
    if product is not None:
        _fill(layer, product, _variants(product, nodes), document)
    layer.categories = (*layer.categories, *(path for path in trails if path))
    return layer


def trail(node: Node) -> str:
    """A BreadcrumbList as "Women > Tops", without its home."""
    steps = [step for step in each(node.get("itemListElement")) if isinstance(step, dict)]
    steps.sort(key=lambda step: int(position) if (position := str(step.get("position", ""))).isdecimal() else 0)
    names = []
    for step in steps:
        item = step.get("item")
        names.append(said(step.get("name")) or (said(item.get("name")) if isinstance(item, dict) else ""))
    return " > ".join(name for name in names if name and name.lower() not in _HOME)


def _variants(product: Node, nodes: list[Node]) -> list[Node]:
    """The variants of a group: nested in it, or beside it and pointing to it by its @id."""
    nested = [variant for variant in each(product.get("hasVariant")) if isinstance(variant, dict)]
    own = {said(product.get(key)) for key in ("@id", "productGroupID")} - {""}
    return [*nested, *(node for node in nodes if node is not product and own & _groups_of(node))]


def _groups_of(node: Node) -> set[str]:
    groups = (group for group in each(node.get("isVariantOf")) if isinstance(group, dict))
    return {said(group.get(key)) for group in groups for key in ("@id", "productGroupID")} - {""}


def _fill(layer: Layer, node: Node, variants: list[Node], document: Document) -> None:
    groups = [part for part in each(node.get("isVariantOf")) if isinstance(part, dict)]
    everywhere = [node, *groups, *variants]
    offers = list(_offers(node)) or [offer for variant in variants for offer in _offers(variant)]
    layer.is_product = True
    layer.group_id = _any((node, *groups), "productGroupID") or _any((node, *variants), "inProductGroupWithID")
    own_sku = _first(node, "sku") or _NUMBER_SCHEME.sub("", _first(node, "productID"))
    layer.sku = own_sku or _any((*variants, *offers), "sku")
    layer.parent_sku = _any(groups, "sku") if groups else whole(own_sku, document.canonical)
    gtins = (values.gtin(text) for part in (node, *variants, *offers) for text in _gtins(part))
    layer.gtin = next(filter(None, gtins), "")
    layer.title = _any(everywhere, "name")
    layer.description = next(filter(None, (_longest(part, "description") for part in everywhere)), "")
    layer.brand = _any(everywhere, "brand") or _any(everywhere, "manufacturer")
    layer.colour = _colour(node, variants)
    layer.price = next(filter(None, map(_price, offers)), "") or _first(node, "price")
    known = [word for offer in offers if (word := _availability(offer))]
    layer.availability = "InStock" if "InStock" in known else next(iter(known), "")
    layer.categories = tuple(path for value in each(node.get("category")) if (path := _category(value)))
    layer.attributes = tuple(_attributes(node))
    layer.photos = tuple(_photos(node, variants, document))


def _colour(node: Node, variants: list[Node]) -> str:
    """The one colour that is told, "" where variants tell several."""
    parts = [node] if _first(node, "color", "colour") else variants
    told = {said(colour) for part in parts for key in ("color", "colour") for colour in each(part.get(key))} - {""}
    return told.pop() if len(told) == 1 else ""


def _any(parts: Iterable[Node], name: str) -> str:
    """The first of `parts` that says `name`."""
    return next(filter(None, (_first(part, name) for part in parts)), "")


def _first(node: Node, *names: str) -> str:
    """The first of the values of the first of `names` that says something in one word or line."""
    found = (_named(value) for name in names for value in each(node.get(name)))
    return next((value for value in found if value), "")


def _longest(node: Node, name: str) -> str:
    return max((said(value) for value in each(node.get(name))), key=len, default="")


def _named(value: Any) -> str:
    for part in each(value):
        inner = part
        if isinstance(part, dict):
            inner = next((part[key] for key in ("name", "@value", "value") if part.get(key)), None)
        name = said(next(iter(each(inner)), None))
        if name and not name.startswith(("http://", "https://")):
            return name
    return ""


def _gtins(part: Node) -> Iterator[str]:
    for key in _GTINS:
        for value in each(part.get(key)):
            yield _NUMBER_SCHEME.sub("", _named(value))
    # A book's sku is often its ISBN; any other number of 13 digits may be the shop's own.
    if (sku := _first(part, "sku")).startswith(("978", "979")):
        yield sku


def _offers(node: Node) -> Iterator[Node]:
    """Offers of a node, those within an AggregateOffer after it."""
    for offer in each(node.get("offers")):
        if isinstance(offer, dict):
            yield offer
            yield from (inner for inner in each(offer.get("offers")) if isinstance(inner, dict))


def _price(offer: Node) -> str:
    specified = (part for part in each(offer.get("priceSpecification")) if isinstance(part, dict))
    return (
        _first(offer, "price")
        or _first(offer, "lowPrice")
        or next(filter(None, (_first(part, "price") for part in specified)), "")
    )


def _availability(offer: Node) -> str:
    told = (
        part.get("@id") or part.get("name") if isinstance(part, dict) else part
        for part in each(offer.get("availability"))
    )
    return next(filter(None, (values.availability(said(text)) for text in told)), "")


def _category(value: Any) -> str:
    path = _named(value)
    # Google's taxonomy by number says nothing in words.
    return "" if path.isdigit() or path.startswith("http") else path


def _attributes(node: Node) -> Iterator[Attribute]:
    for part in each(node.get("additionalProperty")):
        if isinstance(part, dict) and (name := said(part.get("name"))):
            for value in each(part.get("value")):
                if text := said(value):
                    yield Attribute(name=name, value=text)
    for key in _PLAIN_ATTRIBUTES:
        if text := _named(node.get(key)):
            yield Attribute(name=key, value=text)


def _photos(node: Node, variants: list[Node], document: Document) -> Iterator[PhotoLink]:
    for url in _image_urls(node.get("image"), document):
        yield PhotoLink(url=url)
    for variant in variants:
        colour = _first(variant, "color", "colour") or None
        for url in _image_urls(variant.get("image"), document):
            yield PhotoLink(url=url, colour=colour)


def _image_urls(value: Any, document: Document) -> Iterator[str]:
    for part in each(value):
        if isinstance(part, dict):
            part = next(
                (one for key in ("contentUrl", "url", "@id", "src") for one in each(part.get(key)) if one), None
            )
        if url := document.absolute(part):
            yield url


def address(node: Node, document: Document) -> str:
    """Where a node says its page is, else the document's own URL."""
    return urls.clean(document.absolute(said(node.get("url"))) or document.canonical)
