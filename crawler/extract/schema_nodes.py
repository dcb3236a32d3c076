"""The nodes that a page states at its top, whatever markup they come from."""

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]

PRODUCT_TYPES = frozenset(
    {"product", "productgroup", "individualproduct", "productmodel", "someproducts", "vehicle", "car", "book"}
)
_OPENED = ("@graph", "mainEntity", "mainEntityOfPage", "itemOffered", "about")
_DEEPEST = 20


def nodes_of(value: Any, depth: int = 0) -> Iterator[Node]:
    """The nodes at the top of `value`: lists, @graph and mainEntity opened, nothing nested deeper.

    A reference to another node by its @id alone is put in place, one step deep.
    """
    found = list(_opened(value, depth))
    known = {node["@id"]: node for node in found if isinstance(node.get("@id"), str)}
    for node in found:
        yield {key: _resolved(part, known) for key, part in node.items()} if len(known) > 1 else node


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


def is_product(node: Node) -> bool:
    """Whether the node is of a type that can be bought."""
    return bool(types(node) & PRODUCT_TYPES)


def _opened(value: Any, depth: int) -> Iterator[Node]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for part in value:
            yield from _opened(part, depth + 1)
    elif isinstance(value, dict):
        if types(value):
            yield value
        for key in _OPENED:
            if isinstance(value.get(key), list | dict):
                yield from _opened(value[key], depth + 1)


def _resolved(value: Any, known: dict[str, Node]) -> Any:
    if isinstance(value, list):
        return [_resolved(part, known) for part in value]
    if isinstance(value, dict) and value.keys() == {"@id"} and isinstance(value["@id"], str):
        return known.get(value["@id"], value)
    return value
