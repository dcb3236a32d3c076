"""Find the main product among the schema.org nodes of a page, not a related one.

A node is a JSON-LD object; microdata and RDFa are converted to the same shape.
"""

from collections.abc import Iterator
from typing import Any

from crawler.discover import urls
from crawler.extract.document import Document, clean_text

Node = dict[str, Any]

PRODUCT_TYPES = frozenset(
    {"product", "productgroup", "individualproduct", "productmodel", "someproducts", "vehicle", "car", "book"}
)
_CONTAINER_KEYS = ("@graph", "mainEntity", "mainEntityOfPage", "itemOffered", "about")
_SAME_URL_SCORE, _SAME_NAME_SCORE, _SKU_IN_URL_SCORE, _NAME_OVERLAP_SCORE = 8, 4, 3, 2
_MIN_SKU_LENGTH = 4
_MAX_NODE_DEPTH = 20


def top_level_nodes(value: Any, depth: int = 0) -> Iterator[Node]:
    """Yield the top-level nodes of `value`, including those in lists, @graph and mainEntity.

    A reference {"@id": ...} to another top-level node is replaced by that node, one level deep.
    """
    nodes = list(_walk_nodes(value, depth))
    node_by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str)}
    for node in nodes:
        yield (
            {key: _resolve_references(part, node_by_id) for key, part in node.items()} if len(node_by_id) > 1 else node
        )


def node_types(node: Node) -> set[str]:
    """Return the types of a node in lower case without their vocabulary: {"product"}."""
    return {
        str(kind).rstrip("/").rsplit("/", 1)[-1].lower().removeprefix("schema:") for kind in as_list(node.get("@type"))
    }


def as_list(value: Any) -> list[Any]:
    """Return `value` as a list: [] for null, a list unchanged, anything else as a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def is_product_node(node: Node) -> bool:
    """Return whether the type of the node is a product."""
    return bool(node_types(node) & PRODUCT_TYPES)


def _walk_nodes(value: Any, depth: int) -> Iterator[Node]:
    if depth > _MAX_NODE_DEPTH:
        return
    if isinstance(value, list):
        for part in value:
            yield from _walk_nodes(part, depth + 1)
    elif isinstance(value, dict):
        if node_types(value):
            yield value
        for key in _CONTAINER_KEYS:
            if isinstance(value.get(key), list | dict):
                yield from _walk_nodes(value[key], depth + 1)


def _resolve_references(value: Any, node_by_id: dict[str, Node]) -> Any:
    if isinstance(value, list):
        return [_resolve_references(part, node_by_id) for part in value]
    if isinstance(value, dict) and value.keys() == {"@id"} and isinstance(value["@id"], str):
        return node_by_id.get(value["@id"], value)
    return value


def find_main_product(nodes: list[Node], document: Document) -> Node | None:
    """Return the main product of the page, or None if there is none or if several are equally likely.

    Candidates are scored by their URL (url, @id), by their SKU in the URL of the page, and by their name in the
    heading. A single product is the main one unless it belongs to another page. Variants of one group count as one
    candidate, and the group node is returned if there is one.
    """
    products = [node for node in nodes if is_product_node(node)]
    named_products = [node for node in products if clean_text(node.get("name"))] or products
    groups = [node for node in named_products if "productgroup" in node_types(node)]
    for candidates in (groups, named_products):
        if len(candidates) == 1 and not _belongs_to_other_page(candidates[0], document):
            return candidates[0]
    scores = [(_score_node(node, document), node) for node in named_products]
    best = max((score for score, _ in scores), default=0)
    winners = [node for score, node in scores if score == best]
    if best > 0 and (len(winners) == 1 or len({_group_id_or_name(node) for node in winners}) == 1):
        return next((node for node in winners if "productgroup" in node_types(node)), winners[0])
    families = {group for node in named_products if (group := _group_id(node))}
    if len(families) == 1 and all(map(_group_id, named_products)):
        return named_products[0]
    return None


def _score_node(node: Node, document: Document) -> int:
    score = 0
    if _node_urls(node, document) & {document.url, document.canonical_url}:
        score += _SAME_URL_SCORE
    name, heading = clean_text(node.get("name")).casefold(), document.heading.casefold()
    if name and name == heading:
        score += _SAME_NAME_SCORE
    elif name and heading and (name in heading or heading in name):
        score += _NAME_OVERLAP_SCORE
    sku = clean_text(next(iter(as_list(node.get("sku"))), None))
    if len(sku) >= _MIN_SKU_LENGTH and sku.casefold() in document.url.casefold():
        score += _SKU_IN_URL_SCORE
    return score


def _node_urls(node: Node, document: Document) -> set[str]:
    node_urls = [document.resolve_href(value) for key in ("url", "@id") for value in as_list(node.get(key))]
    node_urls += [
        document.resolve_href(offer.get("url"))
        for offer in as_list(node.get("offers"))
        if isinstance(offer, dict) and "url" not in node
    ]
    return {urls.canonicalize(url) for url in node_urls if url}


def _group_id(node: Node) -> str:
    group_id = clean_text(node.get("inProductGroupWithID")) or clean_text(node.get("productGroupID"))
    groups = (part for part in as_list(node.get("isVariantOf")) if isinstance(part, dict))
    return group_id or next((clean_text(g.get("productGroupID")) or clean_text(g.get("@id")) for g in groups), "")


def _group_id_or_name(node: Node) -> str:
    return _group_id(node) or clean_text(node.get("name"))


def _belongs_to_other_page(node: Node, document: Document) -> bool:
    """Return whether a product links to another page and has another name than this page: a card on a listing."""
    link = document.resolve_href(node.get("url"))
    if link is None or urls.canonicalize(link) in (document.url, document.canonical_url):
        return False
    name, heading = clean_text(node.get("name")).lower(), document.heading.lower()
    return bool(heading) and name not in heading and heading not in name
