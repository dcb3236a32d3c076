"""prepare on a small generated catalogue."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from weft import tables
from weft.contracts.tables import PHOTOS, PREPARED_PHOTOS, QUARANTINE, SPLITS
from weft.errors import ContractError
from weft.params import Prepare
from weft.photos import prepare
from weft.photos.prepare import prepare_photos
from weft.splits import assign_split

SETTINGS = Prepare(
    height=64,
    width=48,
    min_side=16,
    jpeg_quality=92,
    phash_max_distance=8,
    val_share=0.2,
    test_share=0.3,
)


def draw_tiles(seed: int, size: tuple[int, int] = (96, 128), quality: int = 95) -> bytes:
    """Draw tiles whose colours depend on the seed."""
    small = np.random.default_rng(seed).integers(40, 215, (8, 6, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(small).resize(size, Image.Resampling.NEAREST).save(out, "JPEG", quality=quality, subsampling=0)
    return out.getvalue()


class PrepareInputs:
    """Photos by product, written as the input of prepare."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.photos: dict[str, list[bytes]] = {}

    def add(self, product_id: str, *photos: bytes) -> None:
        self.photos[product_id] = list(photos)

    def prepare(self, out: str = "prepared") -> Path:
        rows = [
            {
                "product_id": product_id,
                "position": position,
                "colour": None,
                "url": f"https://shop.example/{product_id}/{position}.jpg",
                "sha256": hashlib.sha256(data).hexdigest(),
                "bytes": data,
            }
            for product_id, photos in sorted(self.photos.items())
            for position, data in enumerate(photos)
        ]
        tables.write_shards(self.folder / "photos", rows, PHOTOS, rows_per_shard=7)
        self.counts = prepare_photos(self.folder / "photos", self.folder / out, SETTINGS)
        return self.folder / out


@pytest.fixture
def catalogue(tmp_path: Path) -> PrepareInputs:
    return PrepareInputs(tmp_path)


def list_ids_in_split(name: str, count: int) -> list[str]:
    """The first `count` product ids whose hash puts them into the split."""
    ids = (f"alder/{n}" for n in range(10_000))
    return [product for product in ids if assign_split(product, SETTINGS.val_share, SETTINGS.test_share) == name][
        :count
    ]


def read_kept_ids(out: Path) -> dict[str, list[str]]:
    return {
        name: [i for table in tables.read_shards(out / name, PREPARED_PHOTOS) for i in table["photo_id"].to_pylist()]
        for name in SPLITS
    }


def read_quarantined(out: Path) -> dict[tuple[str, int], tuple[str, str]]:
    rows: list[dict[str, Any]] = tables.read_table(out / "quarantine.parquet", QUARANTINE).to_pylist()
    return {(row["product_id"], row["position"]): (row["reason"], row["detail"]) for row in rows}


def test_each_photo_goes_to_its_products_split_at_training_size(catalogue: PrepareInputs) -> None:
    for number, name in enumerate(SPLITS):
        catalogue.add(list_ids_in_split(name, 1)[0], draw_tiles(10 * number), draw_tiles(10 * number + 1))
    out = catalogue.prepare()
    assert read_kept_ids(out) == {
        name: [f"{list_ids_in_split(name, 1)[0]}#0", f"{list_ids_in_split(name, 1)[0]}#1"] for name in SPLITS
    }
    rows = next(iter(tables.read_shards(out / "val", PREPARED_PHOTOS))).to_pylist()
    assert rows[1]["position"] == 1
    assert Image.open(io.BytesIO(rows[1]["jpeg"])).size == (48, 64)


def test_an_unusable_photo_is_quarantined_with_its_reason(catalogue: PrepareInputs) -> None:
    good, broken = list_ids_in_split("train", 2)
    frames = io.BytesIO()
    Image.new("RGB", (48, 64)).save(frames, "GIF", save_all=True, append_images=[Image.new("RGB", (48, 64), "red")])
    catalogue.add(good, draw_tiles(1))
    catalogue.add(broken, b"<html>", draw_tiles(2, (12, 16)), frames.getvalue(), draw_tiles(3)[:300])
    out = catalogue.prepare()
    assert read_kept_ids(out)["train"] == [f"{good}#0"]
    assert {position: why for (_, position), (why, _) in read_quarantined(out).items()} == {
        0: "cannot be decoded",
        1: "tiny",
        2: "animated",
        3: "cannot be decoded",
    }
    assert read_quarantined(out)[broken, 1][1] == "expected a shorter side of at least 16 px, got 12 x 16 px"
    assert catalogue.counts["cannot_be_decoded"] == 2


def test_products_are_counted_whether_or_not_a_photo_is_kept(catalogue: PrepareInputs) -> None:
    first, second, third = list_ids_in_split("train", 3)
    for product_id, photos in ((first, [b"broken"]), (second, [draw_tiles(1), b"broken"]), (third, [draw_tiles(2)])):
        catalogue.add(product_id, *photos)
    out = catalogue.prepare()
    assert read_kept_ids(out)["train"] == [f"{second}#0", f"{third}#0"]
    assert json.loads((out / "report.json").read_text())["products"] == {
        "products": 3, "train_products": 2, "val_products": 0, "test_products": 0,
    }  # fmt: skip


def test_a_repeated_photo_stays_once_in_its_product(catalogue: PrepareInputs) -> None:
    product = list_ids_in_split("train", 1)[0]
    catalogue.add(product, draw_tiles(1), draw_tiles(1), draw_tiles(2), draw_tiles(1, (192, 256), 90))
    out = catalogue.prepare()
    assert read_kept_ids(out)["train"] == [f"{product}#0", f"{product}#2"]
    assert read_quarantined(out) == {
        (product, 1): ("duplicate within product", "the same bytes as the photo at position 0"),
        (product, 3): ("duplicate within product", "the same picture as the photo at position 0"),
    }


def test_no_picture_crosses_a_split(catalogue: PrepareInputs) -> None:
    train, val, test = (list_ids_in_split(name, 1)[0] for name in SPLITS)
    catalogue.add(train, draw_tiles(1), draw_tiles(2))
    catalogue.add(val, draw_tiles(1, (192, 256), 90), draw_tiles(3))
    catalogue.add(test, draw_tiles(3), draw_tiles(4))
    out = catalogue.prepare()
    assert read_kept_ids(out) == {"train": [], "val": [], "test": [f"{test}#0", f"{test}#1"]}
    reason, detail = read_quarantined(out)[train, 1]
    assert reason == "duplicate across splits"
    assert detail == f"shares a picture, directly or through other products, with {test} of test"
    assert catalogue.counts["pictures_in_two_splits"] == 0


def test_added_products_do_not_move_others(catalogue: PrepareInputs) -> None:
    for n in range(20):
        catalogue.add(f"alder/{n}", draw_tiles(n))
    before = {photo: name for name, photos in read_kept_ids(catalogue.prepare()).items() for photo in photos}
    for n in range(20, 40):
        catalogue.add(f"alder/{n}", draw_tiles(n % 23))
    after = {photo: name for name, photos in read_kept_ids(catalogue.prepare()).items() for photo in photos}
    assert len(before) == 20
    assert all(after.get(photo, name) == name for photo, name in before.items())


def test_every_photo_is_kept_or_quarantined_once(catalogue: PrepareInputs) -> None:
    for n in range(12):
        catalogue.add(f"alder/{n}", draw_tiles(n % 5), b"broken" * n or b"x", draw_tiles(100 + n))
    out = catalogue.prepare()
    photo_ids = [photo for photos in read_kept_ids(out).values() for photo in photos]
    photo_ids += [f"{product}#{position}" for product, position in read_quarantined(out)]
    assert sorted(photo_ids) == sorted(f"alder/{n}#{position}" for n in range(12) for position in range(3))
    report = json.loads((out / "report.json").read_text())
    assert report["photos"]["photos"] == 36
    assert sum(report["quarantined"].values()) == report["photos"]["quarantined_photos"] == len(read_quarantined(out))


def test_outputs_do_not_depend_on_the_number_of_workers(
    catalogue: PrepareInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(15):
        catalogue.add(f"alder/{n}", draw_tiles(n % 11), draw_tiles(50 + n), b"broken")
    monkeypatch.setattr(prepare, "PHOTOS_PER_SHARD", 10)
    monkeypatch.setenv("WEFT_WORKERS", "1")
    one = catalogue.prepare("one")
    monkeypatch.setenv("WEFT_WORKERS", "2")
    other = catalogue.prepare("other")
    names = sorted(str(file.relative_to(one)) for file in one.rglob("*") if file.is_file())
    assert names == sorted(str(file.relative_to(other)) for file in other.rglob("*") if file.is_file())
    assert names == [
        "quarantine.parquet", "report.json", "test/00000.parquet", "train/00000.parquet", "val/00000.parquet",
    ]  # fmt: skip
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


@pytest.mark.parametrize("photos_per_shard", [1, 5, 9])
def test_outputs_do_not_depend_on_the_shards(
    catalogue: PrepareInputs, photos_per_shard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A product's photos lie in two files, and some of them are the same file.
    for n in range(5):
        catalogue.add(f"alder/{n}", draw_tiles(n), b"broken", draw_tiles(n), draw_tiles(n % 2))
    monkeypatch.setenv("WEFT_WORKERS", "1")
    whole = catalogue.prepare("whole")
    monkeypatch.setattr(prepare, "PHOTOS_PER_SHARD", photos_per_shard)
    cut = catalogue.prepare("cut")
    names = [file.relative_to(whole) for file in sorted(whole.rglob("*")) if file.is_file()]
    assert [(whole / name).read_bytes() for name in names] == [(cut / name).read_bytes() for name in names]


def test_products_out_of_order_are_refused(catalogue: PrepareInputs, tmp_path: Path) -> None:
    catalogue.add("alder/1", draw_tiles(1))
    catalogue.prepare()
    rows = [
        {**row, "product_id": "alder/0"} for row in next(tables.read_shards(tmp_path / "photos", PHOTOS)).to_pylist()
    ]
    tables.write_shards(tmp_path / "more", rows, PHOTOS)
    (tmp_path / "more" / "00000.parquet").rename(tmp_path / "photos" / "00001.parquet")
    with pytest.raises(ContractError, match=r"00001\.parquet, row 0: photos is not sorted by product_id: 'alder/0'"):
        prepare_photos(tmp_path / "photos", tmp_path / "out", SETTINGS)
    assert not (tmp_path / "out").exists()


def test_an_empty_catalogue_gives_empty_splits(catalogue: PrepareInputs) -> None:
    out = catalogue.prepare()
    assert read_kept_ids(out) == {"train": [], "val": [], "test": []}


def test_missing_photos_are_named(tmp_path: Path, catalogue: PrepareInputs) -> None:
    catalogue.prepare()
    with pytest.raises(ContractError, match="nowhere"):
        prepare_photos(tmp_path / "nowhere", tmp_path / "out", SETTINGS)
    assert not (tmp_path / "out").exists()
