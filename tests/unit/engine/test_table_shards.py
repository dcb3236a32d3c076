"""Shards cover each row of a table once, in order, however its files and row groups are cut."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.contracts.tables import CLEANED_PRODUCTS
from weft.engine.table_shards import TableShard, list_shards, read_shard
from weft.errors import ContractError


def make_table(first: int, rows: int) -> pa.Table:
    empty = [list[str]()] * rows
    return pa.table(
        {
            "product_id": [f"alder/{number:06}" for number in range(first, first + rows)],
            "shop": ["alder"] * rows,
            "brand": empty,
            "tokens": empty,
            "in_short_fields": empty,
        },
        CLEANED_PRODUCTS.schema,
    )


def read_ids(shards: list[TableShard]) -> list[str]:
    parts = (table for shard in shards for table in read_shard(shard, CLEANED_PRODUCTS, ("product_id",)))
    return [product_id for part in parts for product_id in part["product_id"].to_pylist()]


@settings(max_examples=15)
@given(
    files=st.lists(st.tuples(st.integers(0, 1_400), st.integers(1, 900)), min_size=1, max_size=3),
    rows=st.sampled_from([7, 500, 1_000]),
)
def test_each_row_is_in_one_shard(
    files: list[tuple[int, int]], rows: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, first = tmp_path_factory.mktemp("table"), 0
    for number, (count, group) in enumerate(files):
        pq.write_table(make_table(first, count), folder / f"{number}.parquet", row_group_size=group)
        first += count
    shards = list_shards(folder, CLEANED_PRODUCTS, rows)
    assert read_ids(shards) == [f"alder/{number:06}" for number in range(first)]
    assert sum(shard.num_rows for shard in shards) == first
    assert all(shard.num_rows for shard in shards[1:])


def test_a_large_row_group_has_few_shards(tmp_path: Path) -> None:
    pq.write_table(make_table(0, 2_000), tmp_path / "p.parquet")
    shards = list_shards(tmp_path / "p.parquet", CLEANED_PRODUCTS, 10)
    assert [shard.num_rows for shard in shards] == [130] * 15 + [50]


def test_a_missing_and_an_unreadable_table_are_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="nowhere: no such file or folder"):
        list_shards(tmp_path / "nowhere", CLEANED_PRODUCTS, 500)
    (tmp_path / "p.parquet").write_text("words")
    with pytest.raises(ContractError, match=r"p\.parquet: not a readable Parquet file of cleaned products"):
        list_shards(tmp_path / "p.parquet", CLEANED_PRODUCTS, 500)
