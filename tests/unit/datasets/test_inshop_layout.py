import zipfile
from collections import Counter
from pathlib import Path

import pytest

from weft.datasets import open_dataset
from weft.errors import BenchmarkError
from weft.params import Benchmark

HEADER = "image_name item_id evaluation_status"
ROWS = [
    "img/WOMEN/Tops/id_1/01_1_front.jpg      id_1 train",
    "img/WOMEN/Tops/id_2/01_1_front.jpg      id_2 query",
    "img/MEN/Tees/id_2/01_2_side.jpg         id_2 gallery",
]
REAL_DATA = Path(__file__).parents[4] / "shared" / "benchmarks" / "luma-inshop"


def write_layout(folder, rows=ROWS, count=None, header=HEADER, in_zip=True):
    (folder / "Eval").mkdir(parents=True)
    lines = [str(len(rows) if count is None else count), header, *rows]
    (folder / "Eval" / "list_eval_partition.txt").write_text("\n".join(lines) + "\n")
    names = [row.split()[0] for row in ROWS]
    if in_zip:
        with zipfile.ZipFile(folder / "img.zip", "w") as archive:
            for name in names:
                archive.writestr(name, name.encode())
    else:
        for name in names:
            (folder / name).parent.mkdir(parents=True)
            (folder / name).write_bytes(name.encode())


def write_item_list(folder, lines):
    (folder / "Anno").mkdir()
    (folder / "Anno" / "list_item_inshop.txt").write_text("\n".join(lines) + "\n")


def open_reader(folder):
    return open_dataset(Benchmark(reader="inshop", path=str(folder)))


@pytest.mark.parametrize("in_zip", [True, False])
def test_the_layout_is_read_from_a_zip_or_a_folder(tmp_path, in_zip):
    write_layout(tmp_path, in_zip=in_zip)
    data = open_reader(tmp_path)
    assert [(record.product_id, record.split) for record in data.records] == [
        ("id_1", "train"), ("id_2", "query"), ("id_2", "gallery"),
    ]  # fmt: skip
    assert [(record.photo_id, photo.decode()) for record, photo in data.photos()] == [
        (row.split()[0], row.split()[0]) for row in ROWS
    ]


def test_one_item_may_be_in_two_category_folders(tmp_path):
    write_layout(tmp_path)
    assert len({record.product_id for record in open_reader(tmp_path).records[1:]}) == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"count": 4}, ("line 1", "count is 4", "3 rows")),
        ({"count": "many"}, ("line 1", "'many'")),
        ({"count": "²"}, ("line 1", "number of rows")),
        ({"header": "image item split"}, ("line 2", HEADER)),
        ({"rows": [ROWS[0], "img/x.jpg id_3"]}, ("line 4", "2 columns")),
        ({"rows": [ROWS[0], "img/x.jpg id_3 test"]}, ("line 4", "'test'", "gallery")),
        ({"rows": [ROWS[0], "img/x.jpg id_3 query"]}, ("line 4", "img/x.jpg", "img.zip")),
        ({"rows": [ROWS[0], ROWS[0]]}, ("line 4", "line 3")),
    ],
)
def test_an_invalid_partition_is_named_with_file_line_and_expected_value(tmp_path, change, expected):
    write_layout(tmp_path, **change)
    with pytest.raises(BenchmarkError) as caught:
        open_reader(tmp_path)
    for part in ("list_eval_partition.txt", *expected):
        assert part in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\n\n"])
def test_a_partition_that_is_no_text_is_refused(tmp_path, content):
    write_layout(tmp_path)
    (tmp_path / "Eval" / "list_eval_partition.txt").write_bytes(content)
    with pytest.raises(BenchmarkError, match=r"list_eval_partition\.txt"):
        open_reader(tmp_path)


def test_a_folder_without_a_partition_is_refused(tmp_path):
    with pytest.raises(BenchmarkError, match="expected the layout of DeepFashion"):
        open_reader(tmp_path)


def test_an_item_missing_from_the_list_of_items_is_refused(tmp_path):
    write_layout(tmp_path)
    write_item_list(tmp_path, ["1", "id_1"])
    with pytest.raises(BenchmarkError, match=r"list_item_inshop\.txt: lacks the item id_2"):
        open_reader(tmp_path)


def test_the_list_of_items_has_no_header(tmp_path):
    write_layout(tmp_path)
    write_item_list(tmp_path, ["2", "id_1", "id_2"])
    assert len(open_reader(tmp_path).records) == 3


@pytest.mark.shared
@pytest.mark.skipif(not REAL_DATA.exists(), reason="the real catalogues are not beside this checkout")
def test_the_real_benchmark_has_its_published_counts():
    records = open_reader(REAL_DATA).records
    assert Counter(record.split for record in records) == {"train": 308, "query": 209, "gallery": 163}
    assert len({record.product_id for record in records if record.split != "train"}) == 86
