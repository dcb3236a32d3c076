"""The nodes that a page states at its top, whatever markup they come from."""

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]

PRODUCT_TYPES = frozenset(
    {"product", "productgroup", "individualproduct", "productmodel", "someproducts", "vehicle", "car", "book"}
)
_CONTAINER_KEYS = ("@graph", "mainEntity", "mainEntityOfPage", "itemOffered", "about")
_MAX_NODE_DEPTH = 20


def top_level_nodes(value: Any, depth: int = 0) -> Iterator[Node]:
    """The nodes at the top of `value`: lists, @graph and mainEntity opened, nothing nested deeper.

    A reference to another node by its @id alone is put in place, one step deep.
    """
    found = list(_walk_nodes(value, depth))
    node_by_id = {node["@id"]: node for node in found if isinstance(node.get("@id"), str)}
    for node in found:
        yield (
            {key: _resolve_references(part, node_by_id) for key, part in node.items()} if len(node_by_id) > 1 else node
        )


def node_types(node: Node) -> set[str]:
    """The node's types in lower case without their vocabulary: {"product"}."""
    return {
        str(kind).rstrip("/").rsplit("/", 1)[-1].lower().removeprefix("schema:") for kind in as_list(node.get("@type"))
    }


def as_list(value: Any) -> list[Any]:
    """`value` as a list: [] for null, itself for a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def is_product_node(node: Node) -> bool:
    """Whether the node is of a type that can be bought."""
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
