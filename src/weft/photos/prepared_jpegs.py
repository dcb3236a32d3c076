"""Read some of the prepared photos."""

from collections.abc import Container
from pathlib import Path

from weft import tables
from weft.contracts.tables import PREPARED_PHOTOS, SPLITS


def read_prepared_jpegs(photos: Path, photo_ids: Container[str]) -> dict[str, bytes]:
    """Return the JPEGs of the given photos by photo_id; a photo_id that no split has is left out.

    Raises:
        ContractError: A split is missing or breaks its contract.
    """
    jpegs: dict[str, bytes] = {}
    for split in SPLITS:
        for table in tables.read_shards(photos / split, PREPARED_PHOTOS, ("photo_id", "jpeg")):
            for row, photo_id in enumerate(table["photo_id"].to_pylist()):
                if photo_id in photo_ids:
                    jpegs[photo_id] = table["jpeg"][row].as_py()
    return jpegs
