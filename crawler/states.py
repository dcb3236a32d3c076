"""Which state file belongs to which crawl: other arguments, another file, so that crawls never mix."""

import hashlib
from pathlib import Path

SCHEMA_VERSION = 2
"""The version of crawler/schema.sql, noted in every state file; raise it when a column changes its meaning."""


def state_path(folder: Path, name: str, url: str, max_products: int, *key_parts: object) -> Path:
    """The state file of one crawl within `folder`.

    Args:
        folder: Where state files lie.
        name: Our name for the shop.
        url: Where it begins.
        max_products: The limit, 0 for none.
        further: Whatever else makes it another crawl: the snapshot's number, the demo's size.
    """
    digest = hashlib.sha256("\n".join(map(str, (url, max_products, *key_parts))).encode()).hexdigest()[:8]
    return folder / f"{name}-{digest}.sqlite"
