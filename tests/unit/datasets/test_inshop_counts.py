import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from weft.datasets import open_dataset
from weft.datasets.base import PhotoRecord
from weft.datasets.deepfashion_inshop import PUBLISHED_COUNTS, compute_counts, describe_count_differences
from weft.errors import BenchmarkError
from weft.params import Benchmark

HEADER = "image_name  item_id  evaluation_status"
BOX_HEADER = "image_name clothes_type pose_type x_1 y_1 x_2 y_2"
NAMES = [f"img/{folder}/{item}/{view}" for folder, item, view in (
    ("WOMEN/Dresses", "id_01", "01_1_front.jpg"),
    ("WOMEN/Dresses", "id_02", "01_2_side.jpg"),
    ("MEN/Tees", "id_02", "02_7_additional.jpg"),
)]  # fmt: skip
ROWS = [
    f"{name}    {name.split('/')[3]}   {status}"
    for name, status in zip(NAMES, ("train", "query", "gallery"), strict=True)
]
REAL_DATA = Path(__file__).parents[4] / "shared" / "benchmarks" / "luma-inshop"


def open_reader(folder, reader="inshop"):
    return open_dataset(Benchmark(reader=reader, path=str(folder)))


@pytest.fixture
def small_inshop(tmp_path, write_list_file, write_photos, draw_garment):
    write_list_file(tmp_path / "Eval" / "list_eval_partition.txt", ROWS, HEADER)
    write_photos(tmp_path, NAMES, [draw_garment(seed=n, size=(200, 256)) for n in range(3)], "img.zip")
    return tmp_path


def make_published_records():
    """Make records with exactly the published counts."""
    parts = (("train", 25_882, 3_997, 0), ("query", 14_218, 3_985, 3_997), ("gallery", 12_612, 3_985, 3_997))
    return [
        PhotoRecord(f"{split}/{n}", f"id_{first + n % items}", split, {}, None)
        for split, photos, items, first in parts
        for n in range(photos)
    ]


def test_the_published_counts_are_confirmed():
    assert compute_counts(make_published_records()) == PUBLISHED_COUNTS
    assert describe_count_differences(make_published_records()).startswith(
        "the counts equal the published counts of In-shop: 52,712 images, 7,982 items"
    )


@pytest.mark.parametrize(
    ("left_out", "differs"),
    [
        (0, "images: 52,711, published 52,712; training images: 25,881, published 25,882"),
        (30_000, "images: 52,711, published 52,712; query images: 14,217, published 14,218"),
        (52_711, "images: 52,711, published 52,712; gallery images: 12,611, published 12,612"),
    ],
)
def test_differences_from_the_published_counts_are_described(left_out, differs):
    records = make_published_records()
    del records[left_out]
    assert describe_count_differences(records) == f"differs from the published In-shop set: {differs}"


def test_a_smaller_set_is_not_compared_with_the_published_counts(small_inshop):
    assert any("3 images: not the complete In-shop set" in note for note in open_reader(small_inshop).notes)


@pytest.mark.slow
def test_the_real_size_is_read_from_its_files(tmp_path, write_list_file):
    records = make_published_records()
    write_list_file(
        tmp_path / "Eval" / "list_eval_partition.txt",
        [f"img/{record.photo_id}.jpg {record.product_id} {record.split}" for record in records],
        HEADER,
    )
    with zipfile.ZipFile(tmp_path / "img.zip", "w") as archive:
        for record in records:
            archive.writestr(f"img/{record.photo_id}.jpg", b"")
    assert any(note.startswith("the counts equal the published") for note in open_reader(tmp_path).notes)


def test_items_are_identified_by_their_id_in_any_folder(small_inshop):
    data = open_reader(small_inshop)
    assert [record.product_id for record in data.records] == ["id_01", "id_02", "id_02"]
    assert "1 items are in several category folders; an item is identified by its id alone" in data.notes


def test_category_colour_and_kind_of_photo_are_labels(small_inshop, write_list_file):
    (small_inshop / "Anno").mkdir()
    (small_inshop / "Anno" / "list_description_inshop.json").write_text('[{"item": "id_02", "color": "Navy  Blue"}]')
    assert [dict(record.labels) for record in open_reader(small_inshop).records] == [
        {"category": "WOMEN/Dresses", "kind_of_photo": "front"},
        {"category": "WOMEN/Dresses", "colour": "Navy Blue", "kind_of_photo": "side"},
        {"category": "MEN/Tees", "colour": "Navy Blue", "kind_of_photo": "additional"},
    ]
    # The list of boxes tells the pose of each photo.
    rows = [f"{name} 1 {pose} 10 20 110 220" for name, pose in zip(NAMES, "236", strict=True)]
    write_list_file(small_inshop / "Anno" / "list_bbox_inshop.txt", rows, BOX_HEADER)
    kinds = [record.labels["kind_of_photo"] for record in open_reader(small_inshop).records]
    assert kinds == ["side", "back", "stand-alone"]


def test_photos_can_be_cut_to_their_boxes(small_inshop, write_list_file):
    with pytest.raises(BenchmarkError, match=r"list_bbox_inshop\.txt"):
        open_reader(small_inshop, "inshop:crops")
    write_list_file(
        small_inshop / "Anno" / "list_bbox_inshop.txt", [f"{name} 1 1 10 20 110 220" for name in NAMES], BOX_HEADER
    )
    sizes = [Image.open(io.BytesIO(photo)).size for _, photo in open_reader(small_inshop, "inshop:crops").photos()]
    assert sizes == [(100, 200)] * 3
    write_list_file(small_inshop / "Anno" / "list_bbox_inshop.txt", [f"{NAMES[0]} 1 1 10 20 110 220"], BOX_HEADER)
    with pytest.raises(BenchmarkError, match=f"no box for {NAMES[1]}"):
        open_reader(small_inshop, "inshop:crops")


def test_the_release_of_the_photos_is_described(small_inshop, write_photos, draw_garment):
    assert open_reader(small_inshop).notes[0] == "photos: img, 256 px (200 x 256 px is the largest of a sample)"
    large = [draw_garment(seed=n, size=(750, 1101)) for n in range(3)]
    names = [name.replace("img/", "img_highres/", 1) for name in NAMES]
    write_photos(small_inshop, names, large, "Img/img_highres.zip")
    assert open_reader(small_inshop).notes[0].endswith("; img_highres in the same folder is not used")
    (small_inshop / "img.zip").unlink()
    data = open_reader(small_inshop)
    assert data.notes[0].startswith("photos: img_highres, high resolution (750 x 1101 px")
    # Photos keep the names of the partition.
    assert [(record.photo_id, photo) for record, photo in data.photos()] == list(zip(NAMES, large, strict=True))


@pytest.mark.parametrize("where", ["img", "Img/img"])
def test_a_folder_of_photos_is_read_here_or_in_img(small_inshop, write_photos, draw_garment, where):
    (small_inshop / "img.zip").unlink()
    photos = [draw_garment(seed=n) for n in range(3)]
    write_photos(small_inshop / Path(where).parent, NAMES, photos, None)
    assert [photo for _, photo in open_reader(small_inshop).photos()] == photos


@pytest.mark.parametrize("content", ["{", '{"item": "id_01"}', '[{"item": 3}]', '["\\ud800"]', "[" * 100_000])
def test_broken_descriptions_are_named(small_inshop, content):
    (small_inshop / "Anno").mkdir()
    (small_inshop / "Anno" / "list_description_inshop.json").write_text(content)
    with pytest.raises(BenchmarkError, match=r"list_description_inshop\.json"):
        open_reader(small_inshop)


@pytest.mark.parametrize(
    ("row", "expected"), [("1 7 0 0 9 9", "expected pose_type 1 to 6, got '7'"), ("1 1 0 x 9 9", "x_1 y_1 x_2 y_2")]
)
def test_a_broken_row_of_boxes_is_named(small_inshop, write_list_file, row, expected):
    write_list_file(small_inshop / "Anno" / "list_bbox_inshop.txt", [f"{NAMES[0]} {row}"], BOX_HEADER)
    with pytest.raises(BenchmarkError, match=r"list_bbox_inshop\.txt, line 3: ") as caught:
        open_reader(small_inshop)
    assert expected in str(caught.value)


@pytest.mark.shared
@pytest.mark.skipif(not REAL_DATA.exists(), reason="the real catalogues are not beside this checkout")
def test_the_real_photos_are_described_by_category_and_colour():
    data = open_reader(REAL_DATA)
    labels = [record.labels for record in data.records]
    assert sum("colour" in record_labels for record_labels in labels) > len(labels) // 2
    assert {"front", "side"} <= {record_labels.get("kind_of_photo") for record_labels in labels}
    assert data.notes[0].startswith("photos: img, ")
