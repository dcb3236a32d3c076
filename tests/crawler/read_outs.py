"""Read the tables that a crawl writes."""

from pathlib import Path
from typing import Any

from weft import tables
from weft.contracts.tables import PHOTOS


def read_photos(out: Path) -> list[dict[str, Any]]:
    """Return all rows of the photo shards."""
    return [row for table in tables.read_shards(out / "photos", PHOTOS) for row in table.to_pylist()]
