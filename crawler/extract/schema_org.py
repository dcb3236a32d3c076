"""schema.org: nodes of JSON-LD or microdata to a Layer. The page's own product is chosen, never a related one."""

from collections.abc import Iterable, Iterator
from typing import Any

from crawler.discover import urls
from crawler.extract.document import Document, said
from crawler.extract.layer import Layer
from weft.contracts.product import Attribute, PhotoLink

Node = dict[str, Any]

PRODUCT_TYPES = frozenset({"product", "productgroup", "individualproduct", "productmodel", "someproducts"})
_PLAIN_ATTRIBUTES = ("material", "pattern", "gender", "fit", "neckline", "sleeveLength")
_HOME = frozenset({"home", "homepage", "start", "startseite", "accueil", "inicio"})


def nodes_of(value: Any) -> Iterator[Node]:
    """The nodes that a page states at its top: lists, @graph and mainEntity opened, nothing nested deeper."""
    if isinstance(value, list):
        for part in value:
            yield from nodes_of(part)
    elif isinstance(value, dict):
        if types(value):
            yield value
        for key in ("@graph", "mainEntity", "mainEntityOfPage"):
            if isinstance(value.get(key), list | dict):
                yield from nodes_of(value[key])


def types(node: Node) -> set[str]:
    """The node's types in lower case without their vocabulary: {"product"}."""
    return {
        str(kind).rstrip("/").rsplit("/", 1)[-1].lower().removeprefix("schema:") for kind in each(node.get("@type"))
    }


def each(value: Any) -> list[Any]:
    """`value` as a list: [] for null, itself for a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def read(nodes: Iterable[Node], document: Document, name: str) -> Layer:
    """What `nodes` say of the page's own product, and of its breadcrumbs even where there is no product."""
    nodes = list(nodes)
    layer = Layer(name=name)
    trails = [trail(node) for node in nodes if "breadcrumblist" in types(node)]
    product = own_product(nodes, document)
    if product is not None:
        _fill(layer, product, document)
    layer.categories = (*layer.categories, *(path for path in trails if path))
    return layer


def own_product(nodes: list[Node], document: Document) -> Node | None:
    """The product this page is about; None where there is none or where several compete."""
    products = [node for node in nodes if types(node) & PRODUCT_TYPES]
    groups = [node for node in products if "productgroup" in types(node)]
    for candidates in (groups, products):
        if len(candidates) == 1 and not _is_elsewhere(candidates[0], document):
            return candidates[0]
    here = [node for node in products if _urls(node, document) & {document.url, document.canonical}]
    named = [node for node in products if document.heading and said(node.get("name")) == document.heading]
    for candidates in (here, named):
        if candidates and len({said(node.get("name")) for node in candidates}) == 1:
            return candidates[0]
    return None


def trail(node: Node) -> str:
    """A BreadcrumbList as "Women > Tops", without its home."""
    steps = [step for step in each(node.get("itemListElement")) if isinstance(step, dict)]
    steps.sort(key=lambda step: int(position) if (position := str(step.get("position", ""))).isdigit() else 0)
    names = []
    for step in steps:
        item = step.get("item")
        names.append(said(step.get("name")) or (said(item.get("name")) if isinstance(item, dict) else ""))
    return " > ".join(name for name in names if name and name.lower() not in _HOME)


def _fill(layer: Layer, node: Node, document: Document) -> None:
    layer.is_product = True
    groups = [part for part in each(node.get("isVariantOf")) if isinstance(part, dict)]
    layer.group_id = _first(node, "productGroupID", "inProductGroupWithID") or next(
        (said(group.get("productGroupID")) for group in groups), ""
    )
    layer.sku = _first(node, "sku", "productID", "mpn")
    layer.parent_sku = layer.sku
    layer.title = _first(node, "name")
    layer.description = _first(node, "description")
    layer.brand = _named(node.get("brand")) or _named(node.get("manufacturer"))
    layer.colour = _first(node, "color", "colour")
    layer.categories = tuple(path for value in each(node.get("category")) if (path := _category(value)))
    layer.attributes = tuple(_attributes(node))
    layer.photos = tuple(_photos(node, document))


def _first(node: Node, *names: str) -> str:
    values = (said(value) for name in names for value in each(node.get(name)))
    return next((value for value in values if value), "")


def _named(value: Any) -> str:
    for part in each(value):
        name = said(part.get("name")) if isinstance(part, dict) else said(part)
        if name:
            return name
    return ""


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


def _photos(node: Node, document: Document) -> Iterator[PhotoLink]:
    for url in _image_urls(node.get("image"), document):
        yield PhotoLink(url=url)
    for variant in each(node.get("hasVariant")):
        if isinstance(variant, dict):
            colour = _first(variant, "color", "colour") or None
            for url in _image_urls(variant.get("image"), document):
                yield PhotoLink(url=url, colour=colour)


def _image_urls(value: Any, document: Document) -> Iterator[str]:
    for part in each(value):
        if isinstance(part, dict):
            part = next(iter(each(part.get("contentUrl")) + each(part.get("url"))), None)
        if url := document.absolute(part):
            yield url


def _urls(node: Node, document: Document) -> set[str]:
    found = (document.absolute(node.get(key)) for key in ("url", "@id"))
    return {urls.clean(url) for url in found if url}


def _is_elsewhere(node: Node, document: Document) -> bool:
    """A lone product card on a listing: it links to its own page and bears another name than this one."""
    link = document.absolute(node.get("url"))
    if link is None or urls.clean(link) in (document.url, document.canonical):
        return False
    return bool(document.heading) and said(node.get("name")).lower() not in document.heading.lower()
