from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weft import tables
from weft.contracts.tables import DOCUMENTS, EMBEDDED_PHOTOS, PHOTOS, PREPARED_PHOTOS, QUARANTINE
from weft.errors import ContractError


def make_row(product="alder/1", position=0, **changes):
    return {
        "product_id": product,
        "position": position,
        "photo_id": f"{product}#{position}",
        "colour": None,
        "jpeg": b"\xff\xd8",
    } | changes


def make_rows(count):
    return [make_row(f"alder/{n // 3:03}", n % 3, jpeg=str(n).encode()) for n in range(count)]


def make_table(rows):
    return pa.Table.from_pylist(rows, schema=pa.schema([f.with_nullable(True) for f in PREPARED_PHOTOS.schema]))


def read_all(folder):
    return [row for group in tables.read_shards(folder, PREPARED_PHOTOS) for row in group.to_pylist()]


BROKEN = [
    ([make_row("a"), make_row("b", jpeg=None)], r"row 1: prepared photos\.jpeg is null, expected a binary"),
    ([make_row("a"), make_row("b", photo_id="  ")], r"row 1: prepared photos\.photo_id: expected not blank, got '  '"),
    ([make_row("a", position=-1)], r"row 0: prepared photos\.position: expected >= 0, got '-1'"),
    (
        [make_row("a"), make_row("b"), make_row("c", jpeg=b"")],
        r"row 2: prepared photos\.jpeg: expected at least one byte, got \"b''\"",
    ),
    ([make_row("a"), make_row("a")], r"row 1: prepared photos repeats the key \('a', 0\)"),
]
NAMES = ["null", "blank", "negative", "no_bytes", "repeated_key"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"word_ids": None}, r"row 1: documents\.word_ids is null, expected a list"),
        (
            {"in_short_fields": [True]},
            r"row 1: documents\.in_short_fields: expected as many values as word_ids has, got '\[True\]'",
        ),
    ],
    ids=["null_list", "other_length"],
)
def test_a_list_that_is_null_or_of_another_length_is_named(tmp_path, changes, message):
    rows = [{"product_id": name, "word_ids": [1, 2], "in_short_fields": [True, False]} for name in ("a", "b")]
    rows[1] |= changes
    table = pa.Table.from_pylist(rows, schema=pa.schema([f.with_nullable(True) for f in DOCUMENTS.schema]))
    with pytest.raises(ContractError, match=rf"p\.parquet, {message}"):
        tables.write_table(tmp_path / "p.parquet", table, DOCUMENTS)


@pytest.mark.parametrize(("broken", "message"), BROKEN, ids=NAMES)
def test_writing_a_broken_table_names_file_row_column_and_expected_value(tmp_path, broken, message):
    with pytest.raises(ContractError, match=rf"p\.parquet, {message}"):
        tables.write_table(tmp_path / "p.parquet", make_table(broken), PREPARED_PHOTOS)
    with pytest.raises(ContractError, match=rf"shards/00000\.parquet, {message}"):
        tables.write_shards(tmp_path / "shards", iter(broken), PREPARED_PHOTOS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("broken", "message"), BROKEN, ids=NAMES)
def test_reading_a_broken_table_names_file_row_column_and_expected_value(tmp_path, broken, message):
    pq.write_table(make_table(broken), tmp_path / "p.parquet")
    with pytest.raises(ContractError, match=rf"p\.parquet, {message}"):
        tables.read_table(tmp_path / "p.parquet", PREPARED_PHOTOS)
    with pytest.raises(ContractError, match=rf"p\.parquet \(row group 0\), {message}"):
        list(tables.read_shards(tmp_path, PREPARED_PHOTOS))


def test_a_wrong_hash_is_named(tmp_path):
    photo = {"product_id": "a", "position": 0, "colour": None, "url": "", "sha256": "F" * 64, "bytes": b"x"}
    with pytest.raises(ContractError, match=r"photos\.sha256: expected 64 hexadecimal digits, got 'FFF"):
        tables.write_table(tmp_path / "p.parquet", pa.Table.from_pylist([photo], schema=PHOTOS.schema), PHOTOS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns(["jpeg", "position"]), "lacks the column position, jpeg; it has"),
        (lambda t: t.append_column("price", pa.array([1])), "has the unknown column price"),
        (lambda t: t.set_column(1, "position", pa.array(["first"])), "prepared photos: .*first"),
        (lambda t: t.set_column(4, "jpeg", pa.array([[1]])), "prepared photos: "),
    ],
    ids=["missing", "unknown", "text_for_number", "list_for_bytes"],
)
def test_wrong_columns_are_named(tmp_path, change, message):
    wrong = change(make_table([make_row()]))
    with pytest.raises(ContractError, match=message):
        tables.write_table(tmp_path / "p.parquet", wrong, PREPARED_PHOTOS)
    pq.write_table(wrong, tmp_path / "q.parquet")
    with pytest.raises(ContractError, match=rf"q\.parquet: .*{message}"):
        tables.read_table(tmp_path / "q.parquet", PREPARED_PHOTOS)
    with pytest.raises(ContractError, match=rf"q\.parquet .*{message}"):
        list(tables.read_shards(tmp_path, PREPARED_PHOTOS))


def test_a_row_of_the_wrong_type_is_refused(tmp_path):
    with pytest.raises(ContractError, match=r"00000\.parquet: prepared photos: "):
        tables.write_shards(tmp_path / "shards", [make_row(position="first")], PREPARED_PHOTOS)


def test_writing_sorts_and_reading_returns_the_rows(tmp_path):
    tables.write_table(tmp_path / "p.parquet", make_table(make_rows(9)[::-1]), PREPARED_PHOTOS)
    assert tables.read_table(tmp_path / "p.parquet", PREPARED_PHOTOS).to_pylist() == make_rows(9)


def test_reading_rows_out_of_order_is_refused(tmp_path):
    pq.write_table(make_table([make_row("a"), make_row("c"), make_row("b")]), tmp_path / "p.parquet")
    with pytest.raises(
        ContractError, match=r"p\.parquet, row 2: prepared photos is not sorted by product_id, position"
    ):
        tables.read_table(tmp_path / "p.parquet", PREPARED_PHOTOS)


def test_equal_tables_give_equal_bytes(tmp_path):
    for name in ("a", "b"):
        tables.write_table(tmp_path / f"{name}.parquet", make_table(make_rows(20)), PREPARED_PHOTOS)
        tables.write_shards(tmp_path / name, iter(make_rows(20)), PREPARED_PHOTOS, rows_per_shard=8)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    for shard in (tmp_path / "a").iterdir():
        assert shard.read_bytes() == (tmp_path / "b" / shard.name).read_bytes()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 25), st.integers(1, 9), st.integers(1, 5))
def test_shards_return_the_streamed_rows(tmp_path, monkeypatch, count, per_shard, per_group):
    monkeypatch.setattr(tables, "ROWS_PER_GROUP", per_group)
    folder = tmp_path / "shards"
    assert tables.write_shards(folder, iter(make_rows(count)), PREPARED_PHOTOS, per_shard) == count
    assert read_all(folder) == make_rows(count)
    assert tables.count_rows(folder) == count
    assert len(list(folder.iterdir())) == max(1, -(-count // per_shard))


def test_shards_are_in_the_order_of_their_numbers(tmp_path):
    tables.write_shards(tmp_path / "shards", iter(make_rows(12)), PREPARED_PHOTOS, rows_per_shard=1)
    assert sorted(file.name for file in (tmp_path / "shards").iterdir())[10] == "00010.parquet"
    assert read_all(tmp_path / "shards") == make_rows(12)


@pytest.mark.parametrize(
    ("last", "message"),
    [(make_row("a", 1), r"\('a', 1\) does not come after \('b', 0\)"), (make_row("b"), r"\('b', 0\) does not")],
)
def test_shards_out_of_order_are_refused(tmp_path, last, message):
    with pytest.raises(ContractError, match=rf"00002\.parquet: prepared photos: key {message}"):
        tables.write_shards(
            tmp_path / "shards", [make_row("a"), make_row("b"), last], PREPARED_PHOTOS, rows_per_shard=1
        )
    assert list(tmp_path.iterdir()) == []


def test_rows_are_streamed_shard_by_shard(tmp_path):
    taken = []

    def counted():
        for number, each in enumerate(make_rows(9)):
            shards = list(tmp_path.glob(".shards.*/*.parquet"))
            assert number < 3 * (len(shards) + 1)
            taken.append(each)
            yield each

    tables.write_shards(tmp_path / "shards", counted(), PREPARED_PHOTOS, rows_per_shard=3)
    assert len(taken) == 9


def test_columns_can_be_chosen(tmp_path):
    tables.write_shards(tmp_path / "shards", iter(make_rows(4)), PREPARED_PHOTOS)
    (group,) = tables.read_shards(tmp_path / "shards", PREPARED_PHOTOS, columns=["photo_id", "position"])
    assert group.column_names == ["position", "photo_id"]


@pytest.mark.parametrize("data", [b"", b"words", b"PAR1" * 20, b"PAR1\0\0\0\0PAR1"])
def test_a_file_that_is_no_parquet_is_named(tmp_path, data):
    (tmp_path / "p.parquet").write_bytes(data)
    for read in (lambda: tables.read_table(tmp_path / "p.parquet", PREPARED_PHOTOS), lambda: read_all(tmp_path)):
        with pytest.raises(ContractError, match=r"p\.parquet: not a readable Parquet file of prepared photos"):
            read()


def test_a_truncated_shard_is_named(tmp_path):
    tables.write_shards(tmp_path / "shards", iter(make_rows(4)), PREPARED_PHOTOS)
    shard = tmp_path / "shards" / "00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-9])
    with pytest.raises(ContractError, match=r"00000\.parquet: not a readable Parquet file"):
        read_all(tmp_path / "shards")


def test_the_error_of_a_missing_table_says_what_to_run(tmp_path):
    with pytest.raises(ContractError, match=r"no\.parquet: no such file or folder, expected embedded photos; run the"):
        tables.read_table(tmp_path / "no.parquet", EMBEDDED_PHOTOS)
    with pytest.raises(ContractError, match="no such file or folder, expected prepared photos"):
        read_all(tmp_path / "no")
    with pytest.raises(ContractError, match=r"expected shards \(\*\.parquet\) of prepared photos, got none"):
        read_all(tmp_path)


def test_an_empty_table_can_be_written_and_read(tmp_path):
    tables.write_table(tmp_path / "q.parquet", QUARANTINE.schema.empty_table(), QUARANTINE)
    assert tables.read_table(tmp_path / "q.parquet", QUARANTINE).num_rows == 0


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_atomic_write_keeps_the_old_file_if_the_block_fails(tmp_path, kind):
    path = tmp_path / "deep" / "out"

    def write(text, fail):
        with tables.atomic_write(path) as temporary:
            if kind == "folder":
                temporary.mkdir()
                (temporary / "part").write_text(text)
            else:
                temporary.write_text(text)
            if fail:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write("first", fail=True)
    assert list(path.parent.iterdir()) == []
    write("second", fail=False)
    with pytest.raises(KeyboardInterrupt):
        write("third", fail=True)
    write_again = path / "part" if kind == "folder" else path
    assert write_again.read_text() == "second"
    write("fourth", fail=False)
    assert write_again.read_text() == "fourth"
    assert [file.name for file in path.parent.iterdir()] == ["out"]


def test_text_is_written_as_utf8(tmp_path):
    tables.write_text(tmp_path / "t.txt", "é\n")
    assert Path(tmp_path / "t.txt").read_bytes() == b"\xc3\xa9\n"
