import numpy as np
import pytest

from weft import artefacts
from weft.retrieval.whiten_gallery import store_whitening
from weft.whitening import fit_whitening, read_whitening

DIM = 5


def write_gallery(folder, splits):
    """Write 60 products of two views each; product n is in the split n modulo their number."""
    rng = np.random.default_rng(1)
    products = np.repeat(np.arange(60), 2)
    rows = [
        {"photo_id": f"a/{product}#{n}", "product_id": f"a/{product}", "split": splits[product % len(splits)]}
        for n, product in enumerate(products)
    ]
    artefacts.write_embeddings(folder, DIM, [(rows, rng.normal(size=(len(rows), DIM)).astype(np.float32))])
    return [row["split"] for row in rows], [row["product_id"] for row in rows]


@pytest.mark.parametrize(
    ("splits", "learned_from"),
    [
        (("train", "val", "test"), {"train"}),
        (("train", "query", "gallery"), {"train"}),
        (("query", "gallery"), {"gallery"}),
        (("test",), {"test"}),
    ],
)
def test_a_whitening_never_learns_from_queries_where_there_are_other_photos(tmp_path, splits, learned_from):
    photo_splits, product_ids = write_gallery(tmp_path / "gallery", splits)
    store_whitening(tmp_path / "gallery")
    rows = np.flatnonzero(np.isin(photo_splits, list(learned_from)))
    z = artefacts.read_embeddings(tmp_path / "gallery").z
    expected = fit_whitening(z, rows, [product_ids[row] for row in rows])
    assert np.array_equal(read_whitening(tmp_path / "gallery", DIM).matrix, expected.matrix)


def test_an_empty_gallery_has_no_whitening(tmp_path):
    artefacts.write_embeddings(tmp_path / "gallery", DIM, [])
    store_whitening(tmp_path / "gallery")
    assert read_whitening(tmp_path / "gallery", DIM) is None
