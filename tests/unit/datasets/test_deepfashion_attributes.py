import io

import pytest
from PIL import Image

from weft.datasets import open_dataset
from weft.errors import BenchmarkError
from weft.params import Benchmark

PHOTOS = [
    ("img/Striped_Tank/img_00000001.jpg", 1, (1, -1, 0, -1, -1, 1, -1), "train"),
    ("img/Maxi Dress/img_00000001.jpg", 3, (-1, 1, 1, -1, 1, -1, 1), "val"),
    ("img/Blue_Jeans/img_00000001.jpg", 2, (-1, -1, -1, -1, -1, -1, 1), "test"),
]
NAMES = ("striped", "lace trim", "a-line", "v neck", "boho chic", "red", "blue")


def open_reader(folder, reader="deepfashion_attributes"):
    return open_dataset(Benchmark(reader=reader, path=str(folder)))


def test_category_ids_start_at_one(tmp_path, write_attributes):
    records = open_reader(write_attributes(tmp_path, PHOTOS)).records
    assert [(record.labels["category"], record.labels["garment"], record.split) for record in records] == [
        ("Tank Top", "upper body", "train"),
        ("Maxi Dress", "full body", "val"),
        ("Jeans", "lower body", "test"),
    ]


def test_names_with_spaces_are_split_from_the_right(tmp_path, write_attributes):
    data = open_reader(write_attributes(tmp_path, PHOTOS))
    assert data.attribute_names.names == NAMES
    assert data.attribute_names.types == ("texture", "fabric", "shape", "part", "style", "texture", "texture")
    assert data.records[1].photo_id == "img/Maxi Dress/img_00000001.jpg"


def test_label_1_is_a_positive_and_label_0_is_unknown(tmp_path, write_attributes):
    data = open_reader(write_attributes(tmp_path, PHOTOS))
    assert [data.get_attributes(record.photo_id) for record in data.records] == [[0, 5], [1, 2, 4, 6], [6]]
    assert any(note.startswith("1 labels are unknown") for note in data.notes)


def test_label_0_means_absent_if_no_label_is_minus_1(tmp_path, write_attributes, fine_attributes):
    photos = [(name, category, (1, 0, 0, 0, 1, 0), status) for name, category, _, status in PHOTOS]
    data = open_reader(write_attributes(tmp_path, photos, fine_attributes, anno="Anno_fine"))
    assert not any("unknown (0)" in note for note in data.notes)


def test_the_coarse_and_the_fine_set_have_their_own_types(tmp_path, write_attributes, fine_attributes):
    fine = [(name, category, (0, 0, 1, 0, 0, 1), status) for name, category, _, status in PHOTOS[:2]]
    write_attributes(tmp_path, fine, fine_attributes, anno="Anno_fine")
    write_attributes(tmp_path, PHOTOS, anno="Anno_coarse")
    assert open_reader(tmp_path).attribute_names.set_name == "coarse"
    data = open_reader(tmp_path, "deepfashion_attributes:fine")
    assert data.attribute_names.types == ("texture", "sleeve", "length", "neckline", "fabric", "fit")
    assert data.notes[0] == ("the fine set: 6 attributes (1 texture, 1 sleeve, 1 length, 1 neckline, 1 fabric, 1 fit)")
    # The partition names three photos, the fine lists two.
    assert len(data.records) == 2
    assert any(note.startswith("1 photos of the partition have no labels") for note in data.notes)


def test_the_fine_reader_refuses_the_coarse_set(tmp_path, write_attributes):
    with pytest.raises(BenchmarkError, match="expected the fine set, got the coarse one"):
        open_reader(write_attributes(tmp_path, PHOTOS), "deepfashion_attributes:fine")


def test_a_set_of_26_attributes_is_the_fine_set_in_any_folder(tmp_path, write_attributes):
    names = [f"attribute {number} {number % 5 + 1}" for number in range(26)]
    photos = [(name, category, (1,) * 26, status) for name, category, _, status in PHOTOS]
    assert open_reader(write_attributes(tmp_path, photos, names)).attribute_names.is_fine


def test_photos_are_complete_or_cropped_to_their_boxes(tmp_path, write_attributes, draw_garment):
    boxes = [(10, 20, 40, 70), (0, 0, 500, 500), (50, 10, 20, 5)]
    write_attributes(tmp_path, PHOTOS, boxes=boxes, images=[draw_garment(size=(60, 80))] * 3)

    def sizes(reader):
        return [Image.open(io.BytesIO(photo)).size for _, photo in open_reader(tmp_path, reader).photos()]

    assert sizes("deepfashion_attributes") == [(60, 80)] * 3
    # A box is clipped to the photo; a box without area crops nothing.
    assert sizes("deepfashion_attributes:crops") == [(30, 50), (60, 80), (60, 80)]
    assert "cropped to their boxes" in open_reader(tmp_path, "deepfashion_attributes:crops").notes[1]


def test_crops_without_boxes_are_refused(tmp_path, write_attributes):
    with pytest.raises(BenchmarkError, match=r"list_bbox\.txt"):
        open_reader(write_attributes(tmp_path, PHOTOS), "deepfashion_attributes:crops")


@pytest.mark.parametrize(
    ("name", "line", "text", "expected"),
    [
        (
            "list_category_img.txt",
            3,
            "img/Striped_Tank/img_00000001.jpg 0",
            "expected category_label 1 to 3 (the first is 1)",
        ),
        ("list_category_img.txt", 3, "img/Striped_Tank/img_00000001.jpg 4", "expected category_label 1 to 3"),
        ("list_attr_img.txt", 3, "img/Striped_Tank/img_00000001.jpg 1 1 1", "expected 7 attribute labels, got 3"),
        (
            "list_attr_img.txt",
            3,
            "img/Striped_Tank/img_00000001.jpg 1 1 1 1 1 1 2",
            "expected the labels 1 (present), -1 (absent) or 0 (unknown), got '2'",
        ),
        ("list_attr_img.txt", 3, "img/Striped_Tank/img_00000001.jpg 1 1 1 1 1 1 x", "got 'x'"),
        ("list_attr_cloth.txt", 3, "striped 7", "expected attribute_type 1 to 5, or 1 to 6 in the fine set, got '7'"),
        ("list_attr_cloth.txt", 4, "striped 1", "is repeated"),
        ("list_category_cloth.txt", 3, "Tank Top 9", "expected category_type 1, 2, 3, got '9'"),
        ("list_category_cloth.txt", 1, "4", "count is 4, but 3 rows"),
        ("list_attr_cloth.txt", 2, "name type", "expected the header attribute_name attribute_type"),
        (
            "list_eval_partition.txt",
            3,
            "img/Striped_Tank/img_00000001.jpg query",
            "expected evaluation_status train, val, test, got 'query'",
        ),
    ],
)
def test_an_invalid_line_is_named_with_file_line_and_expected_value(
    tmp_path, write_attributes, name, line, text, expected
):
    write_attributes(tmp_path, PHOTOS)
    path = next(tmp_path.rglob(name))
    lines = path.read_text().splitlines()
    lines[line - 1] = text
    path.write_text("\n".join(lines))
    with pytest.raises(BenchmarkError) as caught:
        open_reader(tmp_path)
    assert name in str(caught.value)
    assert f"line {line}" in str(caught.value)
    assert expected in str(caught.value)


@pytest.mark.parametrize("name", ["list_attr_cloth.txt", "list_attr_img.txt", "list_eval_partition.txt"])
def test_a_missing_list_is_named(tmp_path, write_attributes, name):
    write_attributes(tmp_path, PHOTOS)
    next(tmp_path.rglob(name)).unlink()
    with pytest.raises(BenchmarkError, match=name.replace(".", r"\.")):
        open_reader(tmp_path)


def test_a_missing_photo_is_named(tmp_path, write_attributes):
    write_attributes(tmp_path, PHOTOS)
    path = tmp_path / "Eval" / "list_eval_partition.txt"
    for file in (path, tmp_path / "Anno" / "list_category_img.txt", tmp_path / "Anno" / "list_attr_img.txt"):
        file.write_text(file.read_text().replace("img/Blue_Jeans", "img/Gone"))
    with pytest.raises(BenchmarkError, match=r"line 5: img/Gone/img_00000001\.jpg is not in .*img\.zip"):
        open_reader(tmp_path)
