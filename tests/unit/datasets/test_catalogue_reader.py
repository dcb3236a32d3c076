import pytest

from weft import tables
from weft.contracts.tables import PREPARED_PHOTOS
from weft.datasets import open_dataset
from weft.errors import ContractError
from weft.params import Benchmark


def make_photo_row(product, position):
    return {
        "product_id": product,
        "position": position,
        "photo_id": f"{product}#{position}",
        "colour": None,
        "jpeg": f"{product}{position}".encode(),
    }


def write_catalogue(folder, train=(), val=(), test=()):
    for split, photos in (("train", train), ("val", val), ("test", test)):
        tables.write_shards(folder / split, iter(photos), PREPARED_PHOTOS, rows_per_shard=2)
    return open_dataset(Benchmark(reader="catalogue", path=str(folder)))


def test_splits_are_in_order_and_bytes_match_their_records(tmp_path):
    train = [make_photo_row("a/1", 0), make_photo_row("a/1", 1), make_photo_row("a/3", 0)]
    data = write_catalogue(tmp_path, train, test=[make_photo_row("a/2", 0)])
    expected = [("a/1#0", "train"), ("a/1#1", "train"), ("a/3#0", "train"), ("a/2#0", "test")]
    assert [(record.photo_id, record.split) for record in data.records] == expected
    streamed = list(data.photos())
    assert [record for record, _ in streamed] == list(data.records)
    assert [jpeg for _, jpeg in streamed] == [b"a/10", b"a/11", b"a/30", b"a/20"]


def test_records_are_a_sequence(tmp_path):
    records = write_catalogue(tmp_path, [make_photo_row("a/1", position) for position in range(5)]).records
    assert len(records) == 5
    assert records[-1].photo_id == "a/1#4"
    assert [record.photo_id for record in records[1:3]] == ["a/1#1", "a/1#2"]
    assert [record.photo_id for record in records[4:0:-2]] == ["a/1#4", "a/1#2"]
    assert list(records[3:3]) == []
    with pytest.raises(IndexError):
        records[5]


def test_empty_splits_have_no_records(tmp_path):
    data = write_catalogue(tmp_path)
    assert list(data.records) == []
    assert list(data.photos()) == []


def test_a_missing_split_is_named(tmp_path):
    write_catalogue(tmp_path)
    for file in (tmp_path / "val").iterdir():
        file.unlink()
    with pytest.raises(ContractError, match="val"):
        open_dataset(Benchmark(reader="catalogue", path=str(tmp_path)))
