import gzip
import json
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weft.datasets import files, open_dataset, text_files
from weft.errors import BenchmarkError
from weft.params import Benchmark, LabelSet

ROWS = [
    {"image": "b/2.jpg", "item_id": 7, "category": "Shirts", "attributes": {"Neck": "V-Neck"}, "sender": "ann"},
    {"image": "a/1.jpg", "category": "Dresses", "split": "validation", "sender": "bob", "tags": ["x"], "sold": True},
]
PHOTOS = {"a/1.jpg": b"one", "b/2.jpg": b"two"}


def write_zip(folder, photos=PHOTOS):
    with zipfile.ZipFile(folder / "images.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in photos.items():
            archive.writestr(name, data)


def write_labels(folder, rows=ROWS, name="labels.jsonl"):
    text = "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)
    data = text.encode()
    (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)


def open_reader(folder, fields=("category",), group=None):
    labels = {f"set{n}": LabelSet(field=field, min_photos=1) for n, field in enumerate(fields)}
    return open_dataset(Benchmark(reader="labelled_photos", path=str(folder), labels=labels, group_field=group))


def test_records_and_photos_come_in_the_order_of_the_labels(tmp_path):
    write_zip(tmp_path)
    write_labels(tmp_path)
    data = open_reader(tmp_path)
    assert [record.photo_id for record in data.records] == ["b/2.jpg", "a/1.jpg"]
    assert [(record.photo_id, photo) for record, photo in data.photos()] == [("b/2.jpg", b"two"), ("a/1.jpg", b"one")]


def test_nested_labels_get_dotted_names_and_lists_are_ignored(tmp_path):
    write_zip(tmp_path)
    write_labels(tmp_path)
    first, second = open_reader(tmp_path, ("attributes.Neck",)).records
    assert first.labels == {"item_id": "7", "category": "Shirts", "attributes.Neck": "V-Neck", "sender": "ann"}
    assert set(second.labels) == {"category", "split", "sender"}


def test_item_split_and_group_have_defaults(tmp_path):
    write_zip(tmp_path)
    write_labels(tmp_path)
    first, second = open_reader(tmp_path, group="sender").records
    assert (first.product_id, first.split, first.group) == ("7", "test", "ann")
    assert (second.product_id, second.split, second.group) == ("a/1.jpg", "val", "bob")
    assert open_reader(tmp_path).records[0].group is None


def test_gzipped_labels_and_a_folder_of_photos_are_read(tmp_path):
    for name, data in PHOTOS.items():
        (tmp_path / "images" / name).parent.mkdir(parents=True)
        (tmp_path / "images" / name).write_bytes(data)
    write_labels(tmp_path, name="labels.jsonl.gz")
    assert [photo for _, photo in open_reader(tmp_path).photos()] == [b"two", b"one"]


@pytest.mark.parametrize("in_zip", [True, False])
def test_without_labels_the_folder_of_a_photo_is_its_category(tmp_path, in_zip):
    photos = {"hat/2.JPG": b"2", "shirt/1.png": b"1", "test/hat/3.jpg": b"3", "readme.txt": b"", "loose.jpg": b"",
              "__MACOSX/hat/._2.jpg": b""}  # fmt: skip
    if in_zip:
        write_zip(tmp_path, photos)
    else:
        for name, data in photos.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(data)
    found = [(record.photo_id, record.labels["category"], record.split) for record in open_reader(tmp_path).records]
    assert found == [("hat/2.JPG", "hat", "test"), ("shirt/1.png", "shirt", "test"), ("test/hat/3.jpg", "hat", "test")]


def assert_refused(folder, *parts, **settings):
    with pytest.raises(BenchmarkError) as caught:
        for _ in open_reader(folder, **settings).photos():
            pass
    for part in parts:
        assert part in str(caught.value)


def test_a_missing_photo_is_named_with_file_and_line(tmp_path):
    write_zip(tmp_path)
    write_labels(tmp_path, [ROWS[0], {"image": "gone.jpg", "category": "Shirts"}])
    assert_refused(tmp_path, "labels.jsonl, line 2", "gone.jpg", "images.zip")


@pytest.mark.parametrize("name", ["../outside.jpg", "/etc/passwd", "a/../../outside.jpg", "a\0b.jpg", "x" * 5000])
def test_a_name_outside_the_folder_is_refused(tmp_path, name):
    (tmp_path / "outside.jpg").write_bytes(b"secret")
    (tmp_path / "set" / "images").mkdir(parents=True)
    write_labels(tmp_path / "set", [{"image": name, "category": "Shirts"}])
    assert_refused(tmp_path / "set", "line 1")


def test_a_link_to_a_file_outside_the_folder_is_refused(tmp_path):
    (tmp_path / "outside.jpg").write_bytes(b"secret")
    (tmp_path / "set" / "images").mkdir(parents=True)
    (tmp_path / "set" / "images" / "in.jpg").symlink_to(tmp_path / "outside.jpg")
    write_labels(tmp_path / "set", [{"image": "in.jpg", "category": "Shirts"}])
    assert_refused(tmp_path / "set", "line 1", "in.jpg")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("{broken\n", "line 1: not JSON"),
        ("[1, 2]\n", "line 1: expected a JSON object"),
        ('{"category": "Shirts"}\n', '"image"'),
        ('{"image": 5}\n', '"image"'),
        ('{"image": "a/1.jpg", "category": "\\ud800"}\n', "UTF-8"),
        ('{"image": "a/1.jpg", "category": "x", "split": "dev"}\n', "got 'dev'"),
        ('{"a":' * 5000 + "\n", "line 1"),
        ('{"n": ' + "9" * 5000 + "}\n", "line 1"),
    ],
)
def test_an_invalid_line_is_named_with_the_expected_value(tmp_path, row, expected):
    write_zip(tmp_path)
    write_labels(tmp_path, [row])
    assert_refused(tmp_path, "labels.jsonl", expected)


def test_a_photo_labelled_twice_is_refused(tmp_path):
    write_zip(tmp_path)
    write_labels(tmp_path, [ROWS[0], ROWS[1], ROWS[0]])
    assert_refused(tmp_path, "line 3", "line 1")


def test_a_label_that_no_photo_has_is_refused_and_the_existing_labels_are_named(tmp_path):
    write_zip(tmp_path)
    write_labels(tmp_path)
    assert_refused(tmp_path, "attributes.Pattern", "attributes.Neck", fields=("attributes.Pattern",))


def test_a_photo_without_a_group_is_refused_if_the_settings_name_a_group(tmp_path):
    write_zip(tmp_path)
    write_labels(tmp_path, [ROWS[0], {"image": "a/1.jpg", "category": "Shirts"}])
    assert_refused(tmp_path, "line 2", "'sender'", group="sender")


def test_an_endless_line_is_refused_before_it_fills_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "MAX_JSON_LINE_BYTES", 100)
    write_zip(tmp_path)
    write_labels(tmp_path, [" " * 1000], name="labels.jsonl.gz")
    assert_refused(tmp_path, "at most 100 bytes")


@pytest.mark.parametrize(
    "broken",
    [b"no gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xab\xae", b""],
    ids=["no gzip", "cut gzip", "empty"],
)
def test_a_broken_gzip_is_refused(tmp_path, broken):
    write_zip(tmp_path)
    (tmp_path / "labels.jsonl.gz").write_bytes(broken)
    assert_refused(tmp_path, "labels.jsonl.gz")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_PHOTO_BYTES", 1000)
    write_zip(tmp_path, {"a/1.jpg": bytes(100_000)})
    write_labels(tmp_path, ROWS[1:])
    assert_refused(tmp_path, "entry a/1.jpg", "at most 1,000 bytes")


def test_a_huge_file_in_a_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_PHOTO_BYTES", 1000)
    (tmp_path / "hat").mkdir()
    (tmp_path / "hat" / "1.jpg").write_bytes(bytes(1001))
    assert_refused(tmp_path, "hat/1.jpg", "at most 1,000 bytes")


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06"])
def test_a_file_that_is_no_zip_is_refused(tmp_path, content):
    (tmp_path / "images.zip").write_bytes(content)
    write_labels(tmp_path)
    assert_refused(tmp_path, "images.zip", "not a readable zip")


def test_a_missing_folder_and_an_empty_one_are_refused(tmp_path):
    assert_refused(tmp_path / "nowhere", "nowhere", "images.zip")
    assert_refused(tmp_path, "no labelled photo")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_zip_is_read_correctly_or_refused(tmp_path, data):
    write_zip(tmp_path, {"a/1.jpg": b"one" * 50, "b/2.jpg": b"two" * 50})
    write_labels(tmp_path)
    content = bytearray((tmp_path / "images.zip").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "images.zip").write_bytes(content)
    try:
        photos = [photo for _, photo in open_reader(tmp_path).photos()]
    except BenchmarkError:
        return
    assert photos == [b"two" * 50, b"one" * 50]
