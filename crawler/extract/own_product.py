"""Which of a page's schema.org products is the page's own; related ones never win."""

from crawler.discover import urls
from crawler.extract.document import Document, said
from crawler.extract.schema_nodes import Node, each, is_product, types

_AT_THIS_ADDRESS, _SAME_NAME, _SKU_IN_ADDRESS, _NAME_WITHIN = 8, 4, 3, 2
_SHORTEST_SKU = 4


def own_product(nodes: list[Node], document: Document) -> Node | None:
    """The product this page is about; None where there is none or where several compete.

    A candidate speaks for itself by its address (url, @id), by its sku in the page's address, and by its name near
    the heading. A lone product needs no more than not to belong elsewhere. Variants of one group count as one; the
    group speaks for them.
    """
    products = [node for node in nodes if is_product(node)]
    named = [node for node in products if said(node.get("name"))] or products
    groups = [node for node in named if "productgroup" in types(node)]
    for candidates in (groups, named):
        if len(candidates) == 1 and not _is_elsewhere(candidates[0], document):
            return candidates[0]
    scores = [(_score(node, document), node) for node in named]
    best = max((score for score, _ in scores), default=0)
    winners = [node for score, node in scores if score == best]
    if best > 0 and (len(winners) == 1 or len({_family(node) for node in winners}) == 1):
        return next((node for node in winners if "productgroup" in types(node)), winners[0])
    families = {group for node in named if (group := _group(node))}
    if len(families) == 1 and all(map(_group, named)):
        return named[0]
    return None


def _score(node: Node, document: Document) -> int:
    score = 0
    if _addresses(node, document) & {document.url, document.canonical}:
        score += _AT_THIS_ADDRESS
    name, heading = said(node.get("name")).casefold(), document.heading.casefold()
    if name and name == heading:
        score += _SAME_NAME
    elif name and heading and (name in heading or heading in name):
        score += _NAME_WITHIN
    sku = said(next(iter(each(node.get("sku"))), None))
    if len(sku) >= _SHORTEST_SKU and sku.casefold() in document.url.casefold():
        score += _SKU_IN_ADDRESS
    return score


def _addresses(node: Node, document: Document) -> set[str]:
    found = [document.absolute(value) for key in ("url", "@id") for value in each(node.get(key))]
    found += [
        document.absolute(offer.get("url"))
        for offer in each(node.get("offers"))
        if isinstance(offer, dict) and "url" not in node
    ]
    return {urls.clean(url) for url in found if url}


def _group(node: Node) -> str:
    own = said(node.get("inProductGroupWithID")) or said(node.get("productGroupID"))
    groups = (part for part in each(node.get("isVariantOf")) if isinstance(part, dict))
    return own or next((said(g.get("productGroupID")) or said(g.get("@id")) for g in groups), "")


def _family(node: Node) -> str:
    return _group(node) or said(node.get("name"))


def _is_elsewhere(node: Node, document: Document) -> bool:
    """A lone product card on a listing: it links to its own page and bears another name than this one."""
    link = document.absolute(node.get("url"))
    if link is None or urls.clean(link) in (document.url, document.canonical):
        return False
    name, heading = said(node.get("name")).lower(), document.heading.lower()
    return bool(heading) and name not in heading and heading not in name
