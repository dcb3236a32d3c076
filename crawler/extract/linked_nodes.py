"""Read the nodes of JSON-LD, which shops write in many forms, and resolve their references to each other by @id."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urljoin

Node = dict[str, Any]

_VOCABULARY = re.compile(r"^(?:schema:|https?://(?:www\.)?schema\.org/)(?=\w)")
_CONTAINER_KEYS = ("@graph", "mainEntity", "mainEntityOfPage", "itemOffered", "about")
_REFERENCE_KEYS = frozenset({"hasVariant", "isVariantOf", "image", "offers", "brand", "photo", "primaryImageOfPage"})
"""Properties whose value may be the @id of another node as plain text."""
_MAX_DEPTH = 60


def link_nodes(values: Iterable[Any], base_url: str, others: Iterable[Node] = ()) -> list[Node]:
    """Return the top-level nodes of decoded JSON-LD, including those in lists, @graph and mainEntity.

    A reference, {"@id": ...}, is replaced by the node that it names, so that the result can have cycles. Parts of one
    node, which has the same @id in several scripts, are merged. "@list", "@set" and "@value" are replaced by their
    content, and names are stripped of their vocabulary.

    Args:
        values: The content of each script.
        base_url: Relative ids are resolved against it.
        others: Nodes of other markup that may be referred to; they are not returned.
    """
    roots = [_simplify(value, 0) for value in values]
    node_by_id: dict[str, Node] = {}
    merged: set[int] = set()
    for node in (*_iter_dicts(roots), *others):
        if (name := _node_id(node, base_url)) and node.keys() - {"@id", "@type"}:
            first = node_by_id.setdefault(name, node)
            if first is not node:
                merged.add(id(node))
                for key, part in node.items():
                    first.setdefault(key, part)
    if node_by_id:
        for node in list(_iter_dicts(roots)):
            for key, part in node.items():
                node[key] = _resolve(part, key, node, node_by_id, base_url)
    return list(_top_level_nodes(roots, merged))


def resolve_references(nodes: list[Node], others: Iterable[Node], base_url: str) -> list[Node]:
    """Replace references in `nodes` to the @id of one of `others`, in place, and return `nodes`."""
    node_by_id = {name: node for node in others if (name := _node_id(node, base_url))}
    for node in _iter_dicts(nodes) if node_by_id else ():
        for key, part in node.items():
            node[key] = _resolve(part, key, node, node_by_id, base_url)
    return nodes


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


def _simplify(value: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, list):
        return [_simplify(part, depth + 1) for part in value]
    if isinstance(value, dict):
        for container in ("@list", "@set", "@value"):
            if container in value:
                return _simplify(value[container], depth + 1)
        return {_VOCABULARY.sub("", key): _simplify(part, depth + 1) for key, part in value.items()}
    return value


def _iter_dicts(values: list[Any]) -> Iterator[Node]:
    """Yield each dict in document order; before references are resolved, the values are trees."""
    stack = values[::-1]
    seen: set[int] = set()
    while stack:
        part = stack.pop()
        if isinstance(part, dict) and id(part) not in seen:
            seen.add(id(part))
            yield part
            stack.extend(reversed([inner for inner in part.values() if isinstance(inner, dict | list)]))
        elif isinstance(part, list):
            stack.extend(reversed([inner for inner in part if isinstance(inner, dict | list)]))


def _node_id(node: Node, base_url: str) -> str:
    return _full_id(node.get("@id"), base_url)


def _full_id(name: Any, base_url: str) -> str:
    if not isinstance(name, str) or not name:
        return ""
    try:
        return name if name.startswith("_:") else urljoin(base_url, name)
    except ValueError:
        return ""


def _resolve(value: Any, key: str, owner: Node, node_by_id: dict[str, Node], base_url: str) -> Any:
    if isinstance(value, list):
        return [_resolve(part, key, owner, node_by_id, base_url) for part in value]
    name: Any = None
    if isinstance(value, dict) and "@id" in value and value.keys() <= {"@id", "@type"}:
        name = value["@id"]
    elif isinstance(value, str) and key in _REFERENCE_KEYS:
        name = value
    found = node_by_id.get(_full_id(name, base_url)) if name else None
    return value if found is None or found is owner else found


def _top_level_nodes(roots: list[Any], merged: set[int]) -> Iterator[Node]:
    stack = roots[::-1]
    seen = set(merged)
    while stack:
        part = stack.pop()
        if isinstance(part, list):
            stack.extend(reversed(part))
        elif isinstance(part, dict) and id(part) not in seen:
            seen.add(id(part))
            if node_types(part):
                yield part
            stack.extend(part[key] for key in reversed(_CONTAINER_KEYS) if isinstance(part.get(key), list | dict))
