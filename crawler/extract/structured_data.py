"""Extract fields from the structured data of a page: JSON-LD, microdata, RDFa Lite, OpenGraph and the plain head.

Microdata (read by extruct) and RDFa are converted to the shape of JSON-LD. JSON-LD is parsed script by script, so that
a broken script does not affect the others.
"""

import re
from typing import Any

import lxml.html
from extruct.w3cmicrodata import MicrodataExtractor

from crawler.extract import schema_org
from crawler.extract.linked_nodes import Node, link_nodes, resolve_references
from crawler.extract.models import ExtractedFields
from crawler.page.document import Document, clean_text, collapse_whitespace
from crawler.page.once_per_document import once_per_document
from crawler.values import json_repair
from weft.contracts.product import Attribute, PhotoLink

_MAX_MICRODATA_ITEMS = 1_000
_TOO_DEEP_XPATH = "boolean(//*[@itemscope][count(ancestor::*[@itemscope]) > 20])"
"""True if items are nested more than 20 deep: the cost grows with the cube of the depth, and shops nest only a few."""
_MICRODATA_EXTRACTOR = MicrodataExtractor()
_URL_ATTRIBUTES = ("resource", "href", "src", "data-src")
_OG_PRODUCT_TYPES = frozenset({"product", "product.item", "og:product"})
_OG_ATTRIBUTES = ("material", "pattern", "target_gender")
_DESCRIPTION_META_NAMES = ("description", "twitter:description")


def extract_json_ld(document: Document) -> ExtractedFields:
    """Extract the fields of the product from all JSON-LD scripts of the page."""
    return schema_org.extract_schema_org(find_json_ld_nodes(document), document, "json-ld")


@once_per_document
def find_json_ld_nodes(document: Document) -> list[Node]:
    """Return the top-level nodes of all JSON-LD scripts that can be parsed, with references to each other resolved.

    Several extractors read the same nodes, so they must not change them.
    """
    return _parse_json_ld(document)


def _parse_json_ld(document: Document) -> list[Node]:
    values = [
        json_repair.loads(script.text or "")
        for script in document.tree.iter("script")
        if "ld+json" in (script.get("type") or "").lower()
    ]
    # Only items of microdata with an itemid can be referred to.
    others = _parse_microdata(document) if values and "itemid" in document.html else ()
    return link_nodes(values, document.base_url, others)


def extract_microdata(document: Document) -> ExtractedFields:
    """Extract the fields of the product from microdata."""
    return schema_org.extract_schema_org(find_microdata_nodes(document), document, "microdata")


@once_per_document
def find_microdata_nodes(document: Document) -> list[Node]:
    """Return the microdata items of the page in the shape of top-level JSON-LD nodes."""
    nodes = _parse_microdata(document)
    if nodes and "ld+json" in document.html and re.search(r"<link[^<>]+href=[\"']?#", document.html):
        # Not the nodes that others read: the references in them are replaced too.
        return resolve_references(nodes, _parse_json_ld(document), document.base_url)
    return nodes


def _parse_microdata(document: Document) -> list[Node]:
    if not 0 < document.html.count("itemscope") <= _MAX_MICRODATA_ITEMS or document.tree.xpath(_TOO_DEEP_XPATH):
        return []
    return [_microdata_node(item) for item in _MICRODATA_EXTRACTOR.extract_items(document.tree, document.base_url)]


def _microdata_node(item: dict[str, Any]) -> Node:
    node = {name: _microdata_value(value) for name, value in item.get("properties", {}).items()}
    node["@type"] = item.get("type", "")
    node["@id"] = item.get("id")
    return node


def _microdata_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_microdata_value(part) for part in value]
    return _microdata_node(value) if isinstance(value, dict) and "type" in value else value


def extract_rdfa(document: Document) -> ExtractedFields:
    """Extract the fields of the product from RDFa."""
    return schema_org.extract_schema_org(find_rdfa_nodes(document), document, "rdfa")


def find_rdfa_nodes(document: Document) -> list[Node]:
    """Return the top-level RDFa resources of the page in the shape of JSON-LD nodes."""
    # Scripts are full of the operator of the same name.
    if "typeof=" not in document.html:
        return []
    elements = document.tree.xpath("//*[@typeof and not(@property)]")
    return [_rdfa_node(element) for element in elements]


def _rdfa_node(element: lxml.html.HtmlElement) -> Node:
    node: Node = {
        "@type": (element.get("typeof") or "").split(),
        "@id": element.get("resource") or element.get("about"),
    }
    _read_rdfa_properties(element, node)
    return node


def _read_rdfa_properties(element: lxml.html.HtmlElement, node: Node) -> None:
    """Add the RDFa properties below `element` to `node`; a nested resource keeps its own properties."""
    stack = list(reversed(element))
    while stack:
        child = stack.pop()
        if not isinstance(child.tag, str):
            continue
        names, kind = (child.get("property") or "").split(), child.get("typeof")
        if names:
            value = _rdfa_node(child) if kind else _rdfa_value(child)
            for name in names:
                node.setdefault(_strip_vocabulary(name), []).append(value)
        if not kind:
            stack.extend(reversed(child))


def _strip_vocabulary(name: str) -> str:
    """Return the name without its vocabulary: "schema:name" and "http://schema.org/name" give "name"."""
    return name.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def _rdfa_value(element: lxml.html.HtmlElement) -> Any:
    if (content := element.get("content")) is not None:
        return content
    if element.tag in ("a", "img", "link", "source", "area", "iframe"):
        return next((link for link in map(element.get, _URL_ATTRIBUTES) if link), "")
    return collapse_whitespace(element.text_content())


def extract_opengraph(document: Document) -> ExtractedFields:
    """Extract the fields of the product from the OpenGraph and product meta tags."""
    tags: dict[str, list[str]] = {}
    for meta in document.tree.iter("meta"):
        name = (meta.get("property") or meta.get("name") or "").lower()
        if name.startswith(("og:", "product:")) and (content := clean_text(meta.get("content"))):
            tags.setdefault(name, []).append(content)

    def first_content(*names: str) -> str:
        return next((tags[name][0] for name in names if name in tags), "")

    images = tags.get("og:image:secure_url", []) + tags.get("og:image", []) + tags.get("og:image:url", [])
    photos = [url for image in images if (url := document.resolve_href(image))]
    category = first_content("product:category", "product:product_type")
    price = first_content("product:sale_price:amount", "product:price:amount", "og:price:amount")
    sku = first_content("product:retailer_item_id", "product:sku", "product:retailer_part_no")
    return ExtractedFields(
        source="opengraph",
        is_product=first_content("og:type").lower() in _OG_PRODUCT_TYPES or bool(price),
        item_group_id=first_content("product:item_group_id"),
        sku=sku,
        parent_sku=sku,
        gtin=first_content("product:gtin", "product:ean", "product:upc", "product:isbn"),
        mpn=first_content("product:mfr_part_no", "product:mpn"),
        title=first_content("og:title"),
        description=first_content("og:description"),
        brand=first_content("product:brand", "og:brand"),
        colour=first_content("product:color", "product:colour"),
        price=price,
        currency=first_content("product:sale_price:currency", "product:price:currency", "og:price:currency"),
        availability=first_content("product:availability", "og:availability"),
        categories=() if not category or category.isdigit() else (category,),
        attributes=tuple(
            Attribute(name=name, value=value) for name in _OG_ATTRIBUTES if (value := first_content(f"product:{name}"))
        ),
        photos=tuple(PhotoLink(url=url) for url in dict.fromkeys(photos)),
    )


def extract_head(document: Document) -> ExtractedFields:
    """Extract title, description and brand from the title tag and the plain meta tags."""
    contents: dict[str, str] = {}
    for meta in document.tree.iter("meta"):
        name = (meta.get("name") or meta.get("property") or "").lower()
        if name in (*_DESCRIPTION_META_NAMES, "brand", "og:locale") and (content := clean_text(meta.get("content"))):
            contents.setdefault(name, content)
    return ExtractedFields(
        source="head",
        title=document.title,
        description=next((contents[name] for name in _DESCRIPTION_META_NAMES if name in contents), ""),
        brand=contents.get("brand", ""),
        language=document.tree.get("lang") or contents.get("og:locale", ""),
    )
