"""Answers of GraphQL, which wrap each list in a connection."""

from typing import Any

_MAX_DEPTH = 24
"""Twice the depth at which a feed's products are searched, so that the lists of each product are flattened too."""


def flatten_connections(value: Any, depth: int = 0) -> Any:
    """Replace each connection of GraphQL, {"edges": [{"node": ...}]} or {"nodes": [...]}, by a plain list."""
    if depth > _MAX_DEPTH:
        return value
    if isinstance(value, list):
        return [flatten_connections(part, depth + 1) for part in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("edges"), list):
        nodes = [part.get("node") for part in value["edges"] if isinstance(part, dict)]
        return [flatten_connections(node, depth + 1) for node in nodes if node is not None]
    if isinstance(value.get("nodes"), list):
        return flatten_connections(value["nodes"], depth + 1)
    return {name: flatten_connections(part, depth + 1) for name, part in value.items()}
