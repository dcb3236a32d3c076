"""Extract fields from schema.org nodes, which come from JSON-LD, microdata or RDFa."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from crawler.discover import urls
from crawler.extract import variant_skus
from crawler.extract.choose_fields import parent_sku
from crawler.extract.linked_nodes import Node, as_list, node_types
from crawler.extract.main_product import find_main_product
from crawler.extract.models import ExtractedFields
from crawler.page.document import Document, clean_text
from crawler.values import value_parsing
from crawler.values.image_urls import IMAGE_EXTENSION
from crawler.values.text import plain_text
from weft.contracts.product import Attribute, PhotoLink

_ATTRIBUTE_PROPERTIES = ("material", "pattern", "gender", "fit", "neckline", "sleeveLength")
_GTIN_PROPERTIES = ("gtin13", "gtin", "gtin14", "gtin12", "gtin8", "isbn", "ean", "productID", "identifier")
_HOME_NAMES = frozenset(
    {"home", "homepage", "home page", "start", "startseite", "accueil", "inicio", "início", "главная"}
)
_MAX_BREADCRUMBS = 20
_MAX_IMAGE_DEPTH = 5
_NOT_IMAGE_TYPES = frozenset({"videoobject", "audioobject", "3dmodel", "clip"})
_IMAGE_KEYS = ("contentUrl", "url", "image", "src", "@id", "associatedMedia", "hasPart", "thumbnailUrl", "thumbnail")
"""The properties of an image or a gallery, the best first; of an @id or a url, which may name a page, only an image."""
_OTHER_PRICE_TYPE = re.compile(r"(?:List|Regular|Strikethrough|Invoice|Minimum\w*)Price|S?RP$", re.IGNORECASE)
_NUMBER_PREFIX = re.compile(r"^(?:sku|mpn|isbn|ean|gtin\d*|upc)[:=]\s*", re.IGNORECASE)


def extract_schema_org(nodes: Iterable[Node], document: Document, source: str) -> ExtractedFields:
    """Extract the fields of the main product, and the breadcrumbs even if there is no product."""
    nodes = list(nodes)
    extracted = ExtractedFields(source=source)
    breadcrumbs = [parse_breadcrumb_list(node) for node in nodes if "breadcrumblist" in node_types(node)]
    product = find_main_product(nodes, document)
    if product is not None:
        variants = _find_variants(product, nodes) or _find_siblings(product, nodes, document)
        _fill_fields(extracted, product, variants, document)
    extracted.categories = (*extracted.categories, *(path for path in breadcrumbs if path))
    return extracted


def parse_breadcrumb_list(node: Node) -> str:
    """Return a BreadcrumbList as "Women > Tops", without the home page."""
    items = [list_item for list_item in as_list(node.get("itemListElement")) if isinstance(list_item, dict)]
    items.sort(
        key=lambda list_item: int(position) if (position := str(list_item.get("position", ""))).isdecimal() else 0
    )
    names = []
    for list_item in items:
        item = list_item.get("item")
        name = _value_text(list_item.get("name")) or (_value_text(item.get("name")) if isinstance(item, dict) else "")
        # A ">" in a name would be taken for the separator of two categories.
        names.append(name.replace(" > ", " ").strip("> "))
    return " > ".join(name for name in names[:_MAX_BREADCRUMBS] if name and name.lower() not in _HOME_NAMES)


def _find_variants(product: Node, nodes: list[Node]) -> list[Node]:
    """Return the variants of a group: nested in it, or beside it with a reference to its @id."""
    nested = [variant for variant in as_list(product.get("hasVariant")) if isinstance(variant, dict)]
    group_ids = {clean_text(product.get(key)) for key in ("@id", "productGroupID")} - {""}
    beside = (node for node in nodes if node is not product and group_ids & _parent_group_ids(node))
    return list({id(variant): variant for variant in (*nested, *beside)}.values())


def _find_siblings(product: Node, nodes: list[Node], document: Document) -> list[Node]:
    """Return the variants on this page of a group that the page does not describe itself, `product` among them."""
    group_ids = _parent_group_ids(product)
    own_paths = {urlsplit(url).path for url in (document.url, document.canonical_url)}
    siblings = [
        node
        for node in nodes
        if node is not product
        and group_ids & _parent_group_ids(node)
        and (not (url := document.resolve_href(node.get("url"))) or urlsplit(url).path in own_paths)
    ]
    return [product, *siblings] if siblings else []


def _parent_group_ids(node: Node) -> set[str]:
    groups = (group for group in as_list(node.get("isVariantOf")) if isinstance(group, dict))
    ids = {clean_text(group.get(key)) for group in groups for key in ("@id", "productGroupID")}
    return (ids | {clean_text(node.get("inProductGroupWithID"))}) - {""}


def _fill_fields(extracted: ExtractedFields, node: Node, variants: list[Node], document: Document) -> None:
    groups = [part for part in as_list(node.get("isVariantOf")) if isinstance(part, dict)]
    all_nodes = [node, *groups, *variants]
    offers = list(_iter_offers(node)) or [offer for variant in variants for offer in _iter_offers(variant)]
    extracted.is_product = True
    extracted.group_id = _first_in_nodes((node, *groups), "productGroupID") or _first_in_nodes(
        (node, *variants), "inProductGroupWithID"
    )
    product_sku = _first_value(node, "sku") or _NUMBER_PREFIX.sub("", _first_value(node, "productID"))
    extracted.sku = product_sku or _first_in_nodes((*variants, *offers), "sku")
    if groups:
        extracted.parent_sku = _first_in_nodes(groups, "sku")
    elif not variant_skus.is_sku_of_variant(product_sku, _skus((*variants, *offers)), document):
        extracted.parent_sku = parent_sku(product_sku, document.canonical_url)
    gtins = (value_parsing.parse_gtin(text) for part in (node, *variants, *offers) for text in _gtin_candidates(part))
    extracted.gtin = next(filter(None, gtins), "")
    extracted.title = _first_in_nodes(all_nodes, "name")
    extracted.description = next(filter(None, (_longest_text(part, "description") for part in all_nodes)), "")
    extracted.brand = _first_in_nodes(all_nodes, "brand") or _first_in_nodes(all_nodes, "manufacturer")
    extracted.colour = _colour(node, variants)
    extracted.mpn = _first_in_nodes((node, *variants), "mpn")
    extracted.price = next(filter(None, map(_offer_price, offers)), "") or _first_value(node, "price")
    extracted.currency = next(filter(None, map(_offer_currency, offers)), "")
    availabilities = [word for offer in offers if (word := _offer_availability(offer))]
    extracted.availability = "InStock" if "InStock" in availabilities else next(iter(availabilities), "")
    extracted.categories = tuple(path for value in as_list(node.get("category")) if (path := _category_path(value)))
    extracted.attributes = tuple(_attributes(node))
    extracted.photos = tuple(_photos(node, variants, document))


def _skus(nodes: Iterable[Node]) -> set[str]:
    return {sku for node in nodes if (sku := _first_value(node, "sku"))}


def _colour(node: Node, variants: list[Node]) -> str:
    """Return the colour of the product, "" if its variants have several."""
    parts = [node] if _first_value(node, "color", "colour") and not (variants and variants[0] is node) else variants
    colours = {
        _value_text(colour) for part in parts for key in ("color", "colour") for colour in as_list(part.get(key))
    } - {""}
    return colours.pop() if len(colours) == 1 else ""


def _first_in_nodes(nodes: Iterable[Node], name: str) -> str:
    """Return the first value of property `name` in `nodes`."""
    return next(filter(None, (_first_value(part, name) for part in nodes)), "")


def _first_value(node: Node, *names: str) -> str:
    """Return the first value of the properties `names`, in this order, that is text; "" if there is none."""
    texts = (_value_text(value) for name in names for value in as_list(node.get(name)))
    return next((text for text in texts if text), "")


def _longest_text(node: Node, name: str) -> str:
    return max((clean_text(value) for value in as_list(node.get(name))), key=len, default="")


def _value_text(value: Any) -> str:
    for part in as_list(value):
        inner = part
        if isinstance(part, dict):
            inner = next((part[key] for key in ("name", "@value", "value") if part.get(key)), None)
        name = plain_text(clean_text(next(iter(as_list(inner)), None)))
        if name and not name.startswith(("http://", "https://")):
            return name
    return ""


def _gtin_candidates(part: Node) -> Iterator[str]:
    for key in _GTIN_PROPERTIES:
        for value in as_list(part.get(key)):
            yield _NUMBER_PREFIX.sub("", _value_text(value))
    # The SKU of a book is often its ISBN. Any other number of 13 digits can be an id of the shop.
    if (sku := _first_value(part, "sku")).startswith(("978", "979")):
        yield sku


def _iter_offers(node: Node) -> Iterator[Node]:
    """Yield the offers of a node; the offers inside an AggregateOffer follow it."""
    for offer in as_list(node.get("offers")):
        if isinstance(offer, dict):
            yield offer
            yield from (inner for inner in as_list(offer.get("offers")) if isinstance(inner, dict))


def _offer_price(offer: Node) -> str:
    specifications = [part for part in as_list(offer.get("priceSpecification")) if isinstance(part, dict)]
    specifications = [part for part in specifications if _is_price_to_pay(part)] or specifications
    return (
        _first_value(offer, "price")
        or _first_value(offer, "lowPrice")
        or next(filter(None, (_first_value(part, "price") for part in specifications)), "")
    )


def _is_price_to_pay(specification: Node) -> bool:
    """Return whether a price is neither the former or recommended price nor that of a unit, such as 100 g."""
    kind = _first_value(specification, "priceType") or clean_text(specification.get("priceType"))
    return not (_OTHER_PRICE_TYPE.search(kind) or specification.get("referenceQuantity"))


def _offer_currency(offer: Node) -> str:
    parts = (offer, *(part for part in as_list(offer.get("priceSpecification")) if isinstance(part, dict)))
    return _first_in_nodes(parts, "priceCurrency")


def _offer_availability(offer: Node) -> str:
    candidates = (
        part.get("@id") or part.get("name") if isinstance(part, dict) else part
        for part in as_list(offer.get("availability"))
    )
    return next(filter(None, (value_parsing.parse_availability(clean_text(text)) for text in candidates)), "")


def _category_path(value: Any) -> str:
    path = _value_text(value)
    # A number is an id of Google's taxonomy, not a name.
    return "" if path.isdigit() or path.startswith("http") else path


def _attributes(node: Node) -> Iterator[Attribute]:
    for part in as_list(node.get("additionalProperty")):
        if isinstance(part, dict) and (name := _value_text(part.get("name"))):
            for value in as_list(part.get("value")):
                if text := _value_text(value):
                    yield Attribute(name=name, value=text)
    for key in _ATTRIBUTE_PROPERTIES:
        if text := _value_text(node.get(key)):
            yield Attribute(name=key, value=text)


def _photos(node: Node, variants: list[Node], document: Document) -> Iterator[PhotoLink]:
    for url in _image_urls([node.get(key) for key in ("image", "photo", "associatedMedia")], document):
        yield PhotoLink(url=url)
    for variant in variants:
        colour = _first_value(variant, "color", "colour") or None
        for url in _image_urls(variant.get("image"), document):
            yield PhotoLink(url=url, colour=colour)


def _image_urls(value: Any, document: Document, depth: int = 0) -> Iterator[str]:
    """Yield the URL of each image in `value`: a URL, an ImageObject, a gallery, a list. Videos are skipped."""
    if depth > _MAX_IMAGE_DEPTH:
        return
    for part in as_list(value):
        if isinstance(part, list):
            yield from _image_urls(part, document, depth + 1)
        elif isinstance(part, dict):
            if not node_types(part) & _NOT_IMAGE_TYPES:
                yield from _image_object_urls(part, document, depth)
        elif url := document.resolve_href(part):
            yield url


def _image_object_urls(node: Node, document: Document, depth: int) -> Iterator[str]:
    """Yield the URLs of the first property of an image that has any; of a page as `url` only if there is no other."""
    pages: list[str] = []
    for key in _IMAGE_KEYS:
        found = list(_image_urls(node.get(key), document, depth + 1))
        if found and key in ("url", "@id") and not IMAGE_EXTENSION.search(urlsplit(found[0]).path):
            pages += found if key == "url" or urlsplit(found[0]).fragment == "" else []
        elif found:
            yield from found
            return
    yield from pages[:1]


def product_url(node: Node, document: Document) -> str:
    """Return the URL of the node, else the canonical URL of the document."""
    return urls.canonicalize(document.resolve_href(clean_text(node.get("url"))) or document.canonical_url)
