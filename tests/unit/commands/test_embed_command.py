import os
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.slow


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
def test_every_kind_of_source_is_read(weft, tmp_path, photos, write_prepared, kind):
    if kind == "photo":
        source, names = photos / "a.jpg", ["a.jpg"]
    elif kind == "zip":
        source, names = tmp_path / "photos.zip", ["a.jpg", "b.jpg"]
        with zipfile.ZipFile(source, "w") as archive:
            for name in names:
                archive.write(photos / name, name)
    else:
        source = write_prepared(tmp_path / "train", [[0], [1]]) / "00000.parquet"
        names = ["alder/train-0000#0", "alder/train-0001#0"]
    assert weft("embed", source, "-o", tmp_path / "e.parquet")[0] == 0
    assert pq.read_table(tmp_path / "e.parquet")["photo"].to_pylist() == names


def test_the_file_holds_the_digest_of_its_model_and_is_reproducible(weft, tmp_path, photos, saved_model):
    for name in ("a", "b"):
        weft("embed", photos, "-o", tmp_path / f"{name}.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    metadata = pq.read_schema(tmp_path / "a.parquet").metadata
    assert metadata[b"weft_model"].decode() == (saved_model / "digest.txt").read_text().strip()


def test_a_broken_photo_among_good_ones_is_skipped_and_logged(weft, tmp_path, photos):
    (photos / "b.jpg").write_bytes(b"<html>gone</html>")
    status, _, err = weft("embed", photos, "-o", tmp_path / "e.parquet")
    assert status == 0
    assert "skipped b.jpg: cannot be decoded: expected a photo, got an HTML page\n" in err
    assert pq.read_table(tmp_path / "e.parquet")["photo"].to_pylist() == ["a.jpg", "deep/c.jpg"]


def test_a_source_of_broken_photos_is_an_error_and_writes_no_file(refused, tmp_path, photos):
    for file in photos.rglob("*.jpg"):
        file.write_bytes(b"<html>")
    error = refused("embed", photos, "-o", tmp_path / "out" / "e.parquet")
    assert "it holds no photo that can be decoded; the last error was deep/c.jpg: cannot be decoded" in error
    assert not (tmp_path / "out").exists()


def test_an_old_file_is_unchanged_after_a_failed_run(refused, tmp_path):
    (tmp_path / "e.parquet").write_bytes(b"yesterday's")
    assert "expected a photo, folder, zip or Parquet shard, got a path that does not exist" in refused(
        "embed", tmp_path / "none", "-o", tmp_path / "e.parquet"
    )
    assert (tmp_path / "e.parquet").read_bytes() == b"yesterday's"


def test_a_folder_is_not_replaced_by_the_file(refused, tmp_path, photos):
    assert "photos: expected the Parquet file to write, got something that is not a file" in refused(
        "embed", photos / "a.jpg", "-o", photos
    )
    assert (photos / "a.jpg").exists()


def test_the_source_is_never_overwritten(refused, tmp_path, write_prepared):
    shard = write_prepared(tmp_path / "train", [[0]]) / "00000.parquet"
    before = shard.read_bytes()
    assert "this is the source itself; choose another file" in refused("embed", shard, "-o", shard)
    assert shard.read_bytes() == before


def test_a_path_that_cannot_be_written_is_an_error(refused, tmp_path, photos):
    (tmp_path / "file").write_text("no folder")
    error = refused("embed", photos, "-o", tmp_path / "file" / "e.parquet")
    assert "e.parquet: cannot be written: " in error


def test_an_empty_shard_is_an_error(refused, tmp_path, write_prepared):
    shard = write_prepared(tmp_path / "val", []) / "00000.parquet"
    error = refused("embed", shard, "-o", tmp_path / "e.parquet")
    assert error == f"error: {shard}: it holds no photo that can be decoded\n"


def test_the_error_for_a_missing_model_says_what_to_run(refused, tmp_path, photos):
    error = refused("embed", photos, "-o", tmp_path / "e.parquet", model=tmp_path / "models")
    assert "model.safetensors: missing; a model is a folder with" in error
    assert "run dvc repro" in error


def test_a_file_name_may_be_invalid_utf8(weft, tmp_path, make_jpeg):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / os.fsdecode(b"caf\xe9.jpg")).write_bytes(make_jpeg())
    assert weft("embed", tmp_path / "photos", "-o", tmp_path / "e.parquet")[0] == 0
    assert weft("tag", tmp_path / "photos")[0] == 0


def test_an_invalid_number_of_threads_is_an_error(refused, tmp_path, photos, monkeypatch):
    monkeypatch.setenv("WEFT_THREADS", "many")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert "WEFT_THREADS=many" in refused("embed", photos, "-o", tmp_path / "e.parquet")


def test_another_format_than_parquet_is_refused(refused, tmp_path, photos):
    assert "x.csv: expected a name that ends in .parquet" in refused("embed", photos, "-o", tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()


def test_a_photo_that_lacks_its_last_bytes_is_used_with_a_note(weft, tmp_path, photos, make_jpeg):
    (photos / "b.jpg").write_bytes(make_jpeg("green", seed=1)[:-2])
    status, _, err = weft("embed", photos, "-o", tmp_path / "z.parquet")
    assert status == 0
    assert err.splitlines() == [
        "used b.jpg although the file lacks its last bytes",
        f"3 photos embedded into {tmp_path}/z.parquet",
    ]
