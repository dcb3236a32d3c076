import io

import numpy as np
import pytest
from PIL import Image

from weft import tables
from weft.contracts.tables import PREPARED_PHOTOS
from weft.data.photo_store import PhotoStore, read_first_photo

BAGS = [[n % 4] for n in range(17)]


@pytest.fixture
def shards(tmp_path, monkeypatch, write_prepared):
    """Three shards of up to three row groups each."""
    monkeypatch.setattr(tables, "ROWS_PER_GROUP", 3)
    return write_prepared(tmp_path / "train", BAGS, rows_per_shard=7)


def test_the_store_gives_the_bytes_of_the_shards(tmp_path, shards):
    store = PhotoStore(shards, tmp_path / "train.arrow")
    rows = [row["jpeg"] for table in tables.read_shards(shards, PREPARED_PHOTOS) for row in table.to_pylist()]
    assert len(store) == len(rows) == 17
    for photo in np.random.default_rng(0).permutation(17):
        assert store.read_jpeg(int(photo)) == rows[photo]


def test_photos_decode_in_the_order_asked_for(tmp_path, shards):
    store = PhotoStore(shards, tmp_path / "train.arrow")
    asked = np.array([16, 0, 3, 3])
    photos = store.decode(asked)
    assert photos.shape == (4, 3, 32, 32)
    assert photos.dtype == np.uint8
    for photo, number in zip(photos, asked, strict=True):
        pixels = np.asarray(Image.open(io.BytesIO(store.read_jpeg(int(number)))))
        for channel in range(3):
            assert (photo[channel] == pixels[:, :, channel]).all()


def test_an_old_scratch_file_is_written_over(tmp_path, shards):
    (tmp_path / "train.arrow").write_bytes(b"what a killed run left")
    assert len(PhotoStore(shards, tmp_path / "train.arrow")) == 17


def test_the_digest_names_the_photos(tmp_path, shards, write_prepared):
    store = PhotoStore(shards, tmp_path / "a.arrow")
    assert store.digest() == PhotoStore(shards, tmp_path / "b.arrow").digest()
    other = write_prepared(tmp_path / "other", [*BAGS[:-1], [3]], rows_per_shard=7)
    assert store.digest() != PhotoStore(other, tmp_path / "c.arrow").digest()


def test_an_empty_split_is_an_empty_store(tmp_path, write_prepared):
    assert len(PhotoStore(write_prepared(tmp_path / "val", []), tmp_path / "val.arrow")) == 0


def test_the_first_photo_is_that_of_the_first_row(tmp_path, shards):
    assert read_first_photo(shards) == PhotoStore(shards, tmp_path / "train.arrow").read_jpeg(0)
