"""prepare on a small generated catalogue."""

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

from weft import artefacts, tables
from weft.contracts.tables import CLEANED_PRODUCTS, PHOTOS, PREPARED_PHOTOS, QUARANTINE, SPLITS
from weft.errors import ContractError
from weft.params import Prepare
from weft.photos.prepare import prepare_photos
from weft.photos.product_words import read_product_words
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
WORDS = ["dress", "red", "shirt"]


def draw_tiles(seed: int, size: tuple[int, int] = (96, 128), quality: int = 95) -> bytes:
    """Draw tiles whose colours depend on the seed."""
    small = np.random.default_rng(seed).integers(40, 215, (8, 6, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(small).resize(size, Image.Resampling.NEAREST).save(out, "JPEG", quality=quality, subsampling=0)
    return out.getvalue()


def mark_first_half(tokens: Sequence[str]) -> list[bool]:
    """The first half of the tokens comes from short fields, the rest from the description."""
    return [2 * n < len(tokens) for n in range(len(tokens))]


class PrepareInputs:
    """Photos and tokens by product, written as the inputs of prepare."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.photos: dict[str, list[bytes]] = {}
        self.tokens: dict[str, list[str]] = {}

    def add(self, product_id: str, *photos: bytes, tokens: tuple[str, ...] = ("shirt", "red", "shirt", "sock")) -> None:
        self.photos[product_id] = list(photos)
        self.tokens[product_id] = list(tokens)

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
        cleaned = [
            {
                "product_id": p,
                "shop": "alder",
                "brand": [],
                "tokens": t,
                "in_short_fields": mark_first_half(t),
            }
            for p, t in self.tokens.items()
        ]
        tables.write_table(
            self.folder / "products.parquet",
            pa.Table.from_pylist(cleaned, schema=CLEANED_PRODUCTS.schema),
            CLEANED_PRODUCTS,
        )
        numbers = range(len(WORDS))
        words = pd.DataFrame({"word_id": numbers, "word": WORDS, "document_frequency": 9, "count": 9})
        artefacts.write_words(self.folder / "words.tsv", words)
        arguments = (self.folder / name for name in ("photos", "products.parquet", "words.tsv"))
        self.counts = prepare_photos(*arguments, self.folder / out, SETTINGS)
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
    assert rows[1]["word_ids"] == [1, 2, 2], "ascending, as often as the text has the word, without sock"
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


def test_a_product_without_a_known_word_is_left_out_of_every_split(catalogue: PrepareInputs) -> None:
    for number, name in enumerate(SPLITS):
        catalogue.add(list_ids_in_split(name, 1)[0], draw_tiles(number), tokens=("sock",))
    catalogue.photos["alder/unknown"] = [draw_tiles(9)]
    out = catalogue.prepare()
    assert not any(read_kept_ids(out).values())
    assert {why for why, _ in read_quarantined(out).values()} == {"no word in the vocabulary"}
    assert len(read_quarantined(out)) == 4


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
    monkeypatch.setenv("WEFT_WORKERS", "1")
    one = catalogue.prepare("one")
    monkeypatch.setenv("WEFT_WORKERS", "4")
    other = catalogue.prepare("other")
    names = sorted(str(file.relative_to(one)) for file in one.rglob("*") if file.is_file())
    assert names == sorted(str(file.relative_to(other)) for file in other.rglob("*") if file.is_file())
    assert names == [
        "quarantine.parquet", "report.json", "test/00000.parquet", "train/00000.parquet", "val/00000.parquet",
    ]  # fmt: skip
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def test_an_empty_catalogue_gives_empty_splits(catalogue: PrepareInputs) -> None:
    out = catalogue.prepare()
    assert read_kept_ids(out) == {"train": [], "val": [], "test": []}


def test_missing_photos_are_named(tmp_path: Path, catalogue: PrepareInputs) -> None:
    catalogue.prepare()
    with pytest.raises(ContractError, match="nowhere"):
        prepare_photos(
            tmp_path / "nowhere", tmp_path / "products.parquet", tmp_path / "words.tsv", tmp_path / "out", SETTINGS
        )
    assert not (tmp_path / "out").exists()


def test_looking_up_words_equals_a_naive_implementation(catalogue: PrepareInputs) -> None:
    rng = np.random.default_rng(3)
    for n in range(30):
        tokens = tuple(rng.choice([*WORDS, "sock", "belt"], rng.integers(0, 6)).tolist())
        catalogue.add(f"alder/{n}", tokens=tokens)
    catalogue.prepare()
    words = read_product_words(catalogue.folder / "products.parquet", catalogue.folder / "words.tsv")
    for product_id, tokens in catalogue.tokens.items():
        expected = sorted(WORDS.index(token) for token in tokens if token in WORDS)
        index = words.index_by_id[product_id]
        assert words.get_word_ids(index).tolist() == expected
        pairs = zip(tokens, mark_first_half(tokens), strict=True)
        looked_up = [(WORDS.index(token), is_short) for token, is_short in pairs if token in WORDS]
        expected_mask = [is_short for _, is_short in sorted(looked_up, key=lambda entry: (entry[0], not entry[1]))]
        assert words.get_short_field_mask(index).tolist() == expected_mask
