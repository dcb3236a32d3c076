"""One Parquet file read and written as a stream of tables."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from weft import tables
from weft.contracts.tables import CLEANED_PRODUCTS
from weft.errors import ContractError


def _make_table(numbers: range) -> pa.Table:
    rows = [
        {
            "product_id": f"alder/{n:05}",
            "shop": "alder",
            "brand": [],
            "tokens": ["red"] * n_tokens,
            "in_short_fields": [True] * n_tokens,
        }
        for n in numbers
        for n_tokens in (n % 3,)
    ]
    return pa.Table.from_pylist(rows, schema=CLEANED_PRODUCTS.schema)


def test_reading_a_stream_returns_the_written_rows(tmp_path: Path) -> None:
    path = tmp_path / "products.parquet"
    assert tables.write_stream(path, (_make_table(range(n, n + 700)) for n in (0, 700)), CLEANED_PRODUCTS) == 1_400
    parts = list(tables.read_stream(path, CLEANED_PRODUCTS))
    assert max(part.num_rows for part in parts) <= tables.ROWS_PER_GROUP
    assert pa.concat_tables(parts).to_pylist() == tables.read_table(path, CLEANED_PRODUCTS).to_pylist()
    assert pa.concat_tables(parts).to_pylist() == _make_table(range(1_400)).to_pylist()


def test_columns_can_be_chosen(tmp_path: Path) -> None:
    tables.write_table(tmp_path / "p.parquet", _make_table(range(9)), CLEANED_PRODUCTS)
    (part,) = tables.read_stream(tmp_path / "p.parquet", CLEANED_PRODUCTS, columns=["tokens"])
    assert part.column_names == ["tokens"]


def test_tables_out_of_order_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"p\.parquet \(from row 5\).*does not come after"):
        tables.write_stream(
            tmp_path / "p.parquet", iter([_make_table(range(5)), _make_table(range(4, 8))]), CLEANED_PRODUCTS
        )
    assert list(tmp_path.iterdir()) == []


def test_a_broken_stream_keeps_the_old_file(tmp_path: Path) -> None:
    def breaks() -> Iterator[pa.Table]:
        yield _make_table(range(5))
        raise ContractError("broken")

    tables.write_table(tmp_path / "p.parquet", _make_table(range(9)), CLEANED_PRODUCTS)
    with pytest.raises(ContractError, match="broken"):
        tables.write_stream(tmp_path / "p.parquet", breaks(), CLEANED_PRODUCTS)
    assert tables.read_table(tmp_path / "p.parquet", CLEANED_PRODUCTS).num_rows == 9


def test_reading_finds_rows_out_of_order_between_tables(tmp_path: Path) -> None:
    table = pa.concat_tables([_make_table(range(500, 1_000)), _make_table(range(500))])
    pq.write_table(table, tmp_path / "p.parquet")
    with pytest.raises(ContractError, match=r"p\.parquet \(from row 500\).*does not come after"):
        list(tables.read_stream(tmp_path / "p.parquet", CLEANED_PRODUCTS))


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.parquet").write_text("words")
    with pytest.raises(ContractError, match=r"p\.parquet: not a readable Parquet file"):
        list(tables.read_stream(tmp_path / "p.parquet", CLEANED_PRODUCTS))
