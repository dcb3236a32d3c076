"""Weft: visual search and tagging for a fashion catalogue, learned from its own photos and words.

    model = weft.load("models/embedder")
    model.tag("photo.jpg", top_k=3)
    weft.open_index("data/embeddings/catalogue", model).search("red dress")

The names are imported from `weft.api` on first use, because torch takes seconds to import and most commands do not
need it.
"""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weft.api import Hit, Index, Model, Tag, load, open_index, score

__all__ = ["Hit", "Index", "Model", "Tag", "load", "open_index", "score"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return metadata.version("weft")
    if name in __all__:
        return getattr(import_module("weft.api"), name)
    raise AttributeError(f"module 'weft' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
