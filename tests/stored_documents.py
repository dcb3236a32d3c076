"""Write documents.parquet, as the stage documents does."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from weft import tables
from weft.contracts.tables import DOCUMENTS


def write_documents(
    path: Path, bags: Mapping[str, Sequence[int]], in_short_fields: Mapping[str, Sequence[bool]] | None = None
) -> Path:
    """Write the word ids of each product; without `in_short_fields`, all words are in a short field."""
    rows = [
        {
            "product_id": product_id,
            "word_ids": list(bag),
            "in_short_fields": list(in_short_fields[product_id]) if in_short_fields else [True] * len(bag),
        }
        for product_id, bag in bags.items()
    ]
    tables.write_table(path, pa.Table.from_pylist(rows, schema=DOCUMENTS.schema), DOCUMENTS)
    return path


def add_documents(
    path: Path, bags: Mapping[str, Sequence[int]], in_short_fields: Mapping[str, Sequence[bool]] | None = None
) -> Path:
    """Write the word ids of more products to a file that may exist; a product that it has gets its new words."""
    stored = tables.read_table(path, DOCUMENTS).to_pylist() if path.exists() else []
    masks = in_short_fields or {product_id: [True] * len(bag) for product_id, bag in bags.items()}
    return write_documents(
        path,
        {row["product_id"]: row["word_ids"] for row in stored} | dict(bags),
        {row["product_id"]: row["in_short_fields"] for row in stored} | dict(masks),
    )
