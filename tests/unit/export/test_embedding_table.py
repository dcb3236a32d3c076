import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from weft import artefacts
from weft.commands.export_embeddings import export_catalogue
from weft.errors import ContractError, InputError
from weft.export import embedding_table

IDS = [("alder/1#0", "alder/1"), ('alder/"2",#0', 'alder/"2",'), ("corso/3#1", "corso/3")]


@pytest.fixture
def z():
    return np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)


@pytest.fixture
def source(tmp_path, z):
    rows = [{"photo_id": photo, "product_id": product, "split": "test"} for photo, product in IDS]
    artefacts.write_embeddings(tmp_path / "embeddings", 5, [(rows, z)], "d" * 64)
    return tmp_path / "embeddings"


@pytest.fixture(params=[1, 4_096], ids=["a row at a time", "at once"])
def chunks(request, monkeypatch):
    monkeypatch.setattr(embedding_table, "_ROWS_PER_CHUNK", request.param)


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.usefixtures("chunks")
def test_parquet_has_ids_and_vectors_of_one_length_and_names_the_model(source, tmp_path, z):
    out = tmp_path / "e.parquet"
    assert export_catalogue(source, out, None, normalise=False).startswith(f"{out}: 3 embeddings")
    table = pq.read_table(out)
    assert list(zip(table["photo_id"].to_pylist(), table["product_id"].to_pylist(), strict=True)) == IDS
    np.testing.assert_allclose(np.array(table["embedding"].to_pylist()), z, atol=1e-2)
    assert table.schema.field("embedding").type.list_size == 5
    assert table.schema.metadata[b"weft_model"] == b"d" * 64


@pytest.mark.usefixtures("chunks")
def test_npy_has_the_matrix_and_the_ids_beside_it(source, tmp_path, z):
    export_catalogue(source, tmp_path / "e.npy", None, normalise=False)
    matrix = np.load(tmp_path / "e.npy", allow_pickle=False)
    assert matrix.dtype == np.float32
    np.testing.assert_allclose(matrix, z, atol=1e-2)
    assert [tuple(row.values()) for row in read_csv(tmp_path / "e.ids.csv")] == IDS


@pytest.mark.usefixtures("chunks")
def test_csv_has_each_vector_as_one_json_list(source, tmp_path, z):
    export_catalogue(source, tmp_path / "e.csv", None, normalise=False)
    rows = read_csv(tmp_path / "e.csv")
    assert [(row["photo_id"], row["product_id"]) for row in rows] == IDS
    np.testing.assert_allclose([json.loads(row["embedding"]) for row in rows], z, atol=1e-2)


@pytest.mark.parametrize("file_format", embedding_table.FORMATS)
def test_embeddings_can_have_length_1_and_a_name_need_not_say_the_format(source, tmp_path, file_format):
    out = tmp_path / "vectors"
    export_catalogue(source, out, file_format, normalise=True)
    if file_format == "npy":
        vectors = np.load(out, allow_pickle=False)
    elif file_format == "csv":
        vectors = np.array([json.loads(row["embedding"]) for row in read_csv(out)])
    else:
        vectors = np.array(pq.read_table(out)["embedding"].to_pylist())
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_what_cannot_be_written_is_said_and_leaves_nothing(source, tmp_path):
    with pytest.raises(InputError, match=r"expected a name that ends in \.parquet, \.npy, \.csv, or --format"):
        export_catalogue(source, tmp_path / "e.txt", None, normalise=False)
    with pytest.raises(InputError, match="expected a file outside"):
        export_catalogue(source, source / "e.npy", None, normalise=False)
    with pytest.raises(InputError, match="expected a file outside"):
        export_catalogue(source, tmp_path, "npy", normalise=False)
    with pytest.raises(ContractError, match="no such file or folder, expected embedded photos"):
        export_catalogue(tmp_path / "none", tmp_path / "e.npy", None, normalise=False)
    assert [path.name for path in tmp_path.iterdir()] == ["embeddings"]
