import os
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def read_embeddings(file):
    return np.stack(pq.read_table(file)["embedding"].to_numpy())


def test_a_folder_becomes_a_table_of_names_and_embeddings(weft, tmp_path, photos, embed_naively):
    out = tmp_path / "e.parquet"
    status, lines, err = weft("embed", photos, "-o", out)
    assert (status, lines) == (0, [])
    assert f"3 photos embedded into {out}" in err
    table = pq.read_table(out)
    assert table.schema.names == ["photo", "embedding"]
    assert table.schema.types == [pa.string(), pa.list_(pa.float32())]
    assert table["photo"].to_pylist() == ["a.jpg", "b.jpg", "deep/c.jpg"]
    naive = embed_naively(*((photos / name).read_bytes() for name in table["photo"].to_pylist()))
    np.testing.assert_allclose(read_embeddings(out), naive, atol=1e-4)


@pytest.mark.parametrize("kind", ["photo", "zip", "shard"])
def test_every_kind_of_source_is_taken(weft, tmp_path, photos, write_prepared, kind):
    if kind == "photo":
        source, names = photos / "a.jpg", ["a.jpg"]
    elif kind == "zip":
        source, names = tmp_path / "photos.zip", ["a.jpg", "b.jpg"]
        with zipfile.ZipFile(source, "w") as archive:
            for name in names:
                archive.write(photos / name, name)
    else:
        source = write_prepared(tmp_path / "train", [[0], [1]]) / "00000.parquet"
        names = ["alder/0000#0", "alder/0001#0"]
    assert weft("embed", source, "-o", tmp_path / "e.parquet")[0] == 0
    assert pq.read_table(tmp_path / "e.parquet")["photo"].to_pylist() == names


def test_the_file_names_its_model_and_is_equal_when_made_twice(weft, tmp_path, photos, bundle):
    for name in ("a", "b"):
        weft("embed", photos, "-o", tmp_path / f"{name}.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    metadata = pq.read_schema(tmp_path / "a.parquet").metadata
    assert metadata[b"weft_model"].decode() == (bundle / "digest.txt").read_text().strip()


def test_a_broken_photo_among_good_ones_is_told_and_left_out(weft, tmp_path, photos):
    (photos / "b.jpg").write_bytes(b"<html>gone</html>")
    status, _, err = weft("embed", photos, "-o", tmp_path / "e.parquet")
    assert status == 0
    assert "left out b.jpg: cannot be decoded: an HTML page, wanted a photo\n" in err
    assert pq.read_table(tmp_path / "e.parquet")["photo"].to_pylist() == ["a.jpg", "deep/c.jpg"]


def test_only_broken_photos_are_one_line_and_no_file(refused, tmp_path, photos):
    for file in photos.rglob("*.jpg"):
        file.write_bytes(b"<html>")
    said = refused("embed", photos, "-o", tmp_path / "out" / "e.parquet")
    assert "no photo in it can be used; the last one was deep/c.jpg: cannot be decoded" in said
    assert not (tmp_path / "out").exists()


def test_an_old_file_outlives_a_run_that_fails(refused, tmp_path):
    (tmp_path / "e.parquet").write_bytes(b"yesterday's")
    assert "no such photo, folder, zip or Parquet shard" in refused(
        "embed", tmp_path / "none", "-o", tmp_path / "e.parquet"
    )
    assert (tmp_path / "e.parquet").read_bytes() == b"yesterday's"


def test_a_folder_is_never_replaced_by_the_file(refused, tmp_path, photos):
    assert "photos: not a file; name the Parquet file to write" in refused("embed", photos / "a.jpg", "-o", photos)
    assert (photos / "a.jpg").exists()


def test_the_source_is_never_written_over(refused, tmp_path, write_prepared):
    shard = write_prepared(tmp_path / "train", [[0]]) / "00000.parquet"
    before = shard.read_bytes()
    assert "the source itself; name another file" in refused("embed", shard, "-o", shard)
    assert shard.read_bytes() == before


def test_a_place_that_cannot_be_written_is_answered(refused, tmp_path, photos):
    (tmp_path / "file").write_text("no folder")
    said = refused("embed", photos, "-o", tmp_path / "file" / "e.parquet")
    assert "e.parquet: cannot be written: " in said


def test_an_empty_shard_is_answered(refused, tmp_path, write_prepared):
    shard = write_prepared(tmp_path / "val", []) / "00000.parquet"
    said = refused("embed", shard, "-o", tmp_path / "e.parquet")
    assert said == f"error: {shard}: no photo in it can be used\n"


def test_a_missing_model_says_what_to_run(refused, tmp_path, photos):
    said = refused("embed", photos, "-o", tmp_path / "e.parquet", model=tmp_path / "models")
    assert "model.safetensors: missing; a model is a folder with" in said
    assert "run dvc repro" in said


def test_a_name_that_is_no_utf8_is_no_obstacle(weft, tmp_path, jpeg):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / os.fsdecode(b"caf\xe9.jpg")).write_bytes(jpeg())
    assert weft("embed", tmp_path / "photos", "-o", tmp_path / "e.parquet")[0] == 0
    assert weft("tag", tmp_path / "photos")[0] == 0


def test_bad_threads_are_answered(refused, tmp_path, photos, monkeypatch):
    monkeypatch.setenv("WEFT_THREADS", "many")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert "WEFT_THREADS=many" in refused("embed", photos, "-o", tmp_path / "e.parquet")
