import os
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from weft import tables
from weft.contracts.tables import PHOTOS
from weft.errors import BenchmarkError, InputError
from weft.retrieval.photo_input import iter_photos


@pytest.fixture
def folder(tmp_path, make_jpeg):
    """Photos at two levels of folders, beside other files."""
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    for n, name in enumerate(["b.jpg", "a.JPG", "deep/c.png"]):
        (folder / name).write_bytes(make_jpeg(seed=n))
    (folder / "notes.txt").write_text("no photo")
    (folder / ".hidden.jpg").write_bytes(b"no photo")
    return folder


def list_names(source):
    return [name for name, _ in iter_photos(source)]


def test_a_single_photo_has_its_file_name(folder):
    assert list(iter_photos(folder / "b.jpg")) == [("b.jpg", (folder / "b.jpg").read_bytes())]


def test_the_photos_of_a_folder_are_sorted_by_name(folder):
    assert list_names(folder) == ["a.JPG", "b.jpg", "deep/c.png"]
    assert all((folder / name).read_bytes() == photo for name, photo in iter_photos(folder))


def test_a_zip_has_the_same_photos_as_its_folder(tmp_path, folder):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for file in sorted(folder.rglob("*"), reverse=True):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    assert list(iter_photos(tmp_path / "photos.zip")) == list(iter_photos(folder))


def test_a_prepared_shard_has_photo_ids_in_row_order(tmp_path, write_prepared):
    shards = write_prepared(tmp_path / "train", [[0], [1], [2]])
    assert list_names(shards / "00000.parquet") == ["alder/train-0000#0", "alder/train-0001#0", "alder/train-0002#0"]


def test_names_in_a_crawled_shard_are_product_and_position(tmp_path):
    rows = [
        {"product_id": "a/1", "position": n, "colour": None, "url": "", "sha256": "0" * 64, "bytes": b"x%d" % n}
        for n in range(70)
    ]
    tables.write_shards(tmp_path / "photos", rows, PHOTOS)
    assert list(iter_photos(tmp_path / "photos" / "00000.parquet")) == [(f"a/1#{n}", b"x%d" % n) for n in range(70)]


def test_a_null_in_a_shard_is_a_photo_without_bytes(tmp_path):
    table = pa.table({"photo_id": ["a", "b"], "jpeg": pa.array([b"x", None], pa.binary())})
    pq.write_table(table, tmp_path / "p.parquet")
    assert list(iter_photos(tmp_path / "p.parquet")) == [("a", b"x"), ("b", b"")]


def test_a_photo_whose_name_is_not_utf8_is_read(tmp_path, make_jpeg):
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(make_jpeg())
    for source in (tmp_path, next(tmp_path.iterdir())):
        assert list(iter_photos(source)) == [("caf\ufffd.jpg", make_jpeg())]


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_source_without_photos_is_an_error(tmp_path, kind):
    source = tmp_path / "empty"
    if kind == "folder":
        source.mkdir()
    else:
        source = source.with_suffix(".zip")
        zipfile.ZipFile(source, "w").close()
    with pytest.raises(InputError, match=r"empty.*: expected photos \(\.jpg"):
        iter_photos(source)


def test_a_missing_source_is_an_error(tmp_path):
    with pytest.raises(
        InputError, match=r"none\.jpg: expected a photo, folder, zip or Parquet shard, got a path that does not exist"
    ):
        iter_photos(tmp_path / "none.jpg")


def test_an_invalid_zip_is_an_error(tmp_path):
    (tmp_path / "p.zip").write_bytes(b"no zip")
    with pytest.raises(BenchmarkError, match=r"p\.zip: not a readable zip"):
        iter_photos(tmp_path / "p.zip")


def test_an_invalid_shard_is_an_error(tmp_path):
    (tmp_path / "p.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match=r"p\.parquet: not a readable Parquet file"):
        iter_photos(tmp_path / "p.parquet")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"photo": ["a"]}, r"expected the columns photo_id, jpeg or .*; got \['photo'\]"),
        ({"photo_id": ["a"], "jpeg": ["text"]}, "expected the bytes of photos in the column jpeg, got string"),
    ],
)
def test_a_shard_with_other_columns_is_an_error(tmp_path, columns, message):
    pq.write_table(pa.table(columns), tmp_path / "p.parquet")
    with pytest.raises(InputError, match=rf"p\.parquet: {message}"):
        iter_photos(tmp_path / "p.parquet")


def test_a_damaged_shard_is_an_error(tmp_path):
    table = pa.table({"photo_id": ["a"] * 9, "jpeg": [bytes(range(256))] * 9})
    pq.write_table(table, tmp_path / "p.parquet", compression="zstd", use_dictionary=False, write_statistics=False)
    data = bytearray((tmp_path / "p.parquet").read_bytes())
    data[4:200] = bytes(196)
    (tmp_path / "p.parquet").write_bytes(data)
    with pytest.raises(InputError, match=r"p\.parquet: the Parquet file is damaged"):
        list(iter_photos(tmp_path / "p.parquet"))
