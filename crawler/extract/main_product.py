"""Find the main product among the schema.org nodes of a page, not a related one.

A node is a JSON-LD object; microdata and RDFa are converted to the same shape.
"""

from crawler.discover import urls
from crawler.extract.linked_nodes import Node, as_list, node_types
from crawler.page.document import Document, clean_text
from crawler.values.text import plain_text

PRODUCT_TYPES = frozenset(
    {"product", "productgroup", "individualproduct", "productmodel", "someproducts", "vehicle", "car", "book"}
)
_SELLER_TYPES = frozenset(
    {"organization", "localbusiness", "store", "onlinestore", "onlinebusiness", "clothingstore", "shoestore"}
) | {"corporation", "website", "webpage", "person"}
_SAME_URL_SCORE, _SAME_NAME_SCORE, _SKU_IN_URL_SCORE, _NAME_OVERLAP_SCORE = 8, 4, 3, 2
_MIN_SKU_LENGTH = 4


def is_product_node(node: Node) -> bool:
    """Return whether the type of the node is a product, and not also a shop: {"Organization", "Product"} is a shop."""
    types = node_types(node)
    return bool(types & PRODUCT_TYPES) and not types & _SELLER_TYPES


def find_main_product(nodes: list[Node], document: Document) -> Node | None:
    """Return the main product of the page, or None if there is none or if several are equally likely.

    Candidates are scored by their URL (url, @id), by their SKU in the URL of the page, and by their name in the
    heading. A single product is the main one unless it belongs to another page. Variants of one group count as one
    candidate, and the group node is returned if there is one.
    """
    products = [node for node in nodes if is_product_node(node)]
    named_products = [node for node in products if _name(node)] or products
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
    name, heading = _name(node).casefold(), document.heading.casefold()
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
    return _group_id(node) or _name(node)


def _belongs_to_other_page(node: Node, document: Document) -> bool:
    """Return whether a product links to another page and has another name than this page: a card on a listing."""
    link = document.resolve_href(node.get("url"))
    if link is None or urls.canonicalize(link) in (document.url, document.canonical_url):
        return False
    name, heading = _name(node).lower(), document.heading.lower()
    return bool(heading) and name not in heading and heading not in name


def _name(node: Node) -> str:
    return plain_text(next(filter(None, map(clean_text, as_list(node.get("name")))), ""))
