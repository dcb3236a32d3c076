import numpy as np
import pytest

from weft.errors import ModelError
from weft.whitening import MIN_PRODUCTS, fit_whitening, read_whitening, write_whitening

DIM = 16
NUM_PRODUCTS = 40


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def make_gallery(rng, views, num_products=NUM_PRODUCTS):
    """Return embeddings of products that differ a little in every direction, and whose views differ much in one."""
    product_ids = [f"alder/{number}" for number in range(num_products) for _ in range(views)]
    z = np.repeat(rng.normal(size=(num_products, DIM)), views, axis=0) + 10
    z[:, 0] += rng.normal(size=len(z)) * 8
    return z.astype(np.float32), product_ids


def to_unit_length(z):
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def share_found_first(z, product_ids):
    """Return the share of photos whose most similar other photo shows the same product."""
    similarity = to_unit_length(z) @ to_unit_length(z).T
    np.fill_diagonal(similarity, -np.inf)
    names = np.array(product_ids)
    return (names[similarity.argmax(axis=1)] == names).mean()


def test_views_of_a_product_are_found_first_where_they_differ_in_what_the_whitening_has_learned_to_ignore(rng):
    z, product_ids = make_gallery(rng, views=2)
    other_z, other_ids = make_gallery(rng, views=2)
    whitening = fit_whitening(z, np.arange(len(z)), product_ids)
    assert share_found_first(other_z, other_ids) < 0.5
    assert share_found_first(whitening.apply(other_z), other_ids) > 0.8


def test_without_regularisation_the_views_of_a_product_vary_equally_in_all_directions(rng, monkeypatch):
    monkeypatch.setattr("weft.whitening.REGULARISATION", 1e-9)
    z, product_ids = make_gallery(rng, views=3)
    z += rng.normal(size=z.shape).astype(np.float32)
    whitened = fit_whitening(z, np.arange(len(z)), product_ids).apply(z).reshape(NUM_PRODUCTS, 3, DIM)
    within = (whitened - whitened.mean(axis=1, keepdims=True)).reshape(-1, DIM)
    covariance = within.T @ within / len(within)
    assert np.allclose(covariance, covariance[0, 0] * np.eye(DIM), atol=1e-3 * covariance[0, 0])


def test_without_products_of_several_photos_the_variance_of_all_photos_is_equalised(rng, monkeypatch):
    monkeypatch.setattr("weft.whitening.REGULARISATION", 1e-9)
    z, product_ids = make_gallery(rng, views=1)
    covariance = np.cov(fit_whitening(z, np.arange(len(z)), product_ids).apply(z), rowvar=False)
    assert np.allclose(covariance, covariance[0, 0] * np.eye(DIM), atol=1e-3 * covariance[0, 0])


def test_too_few_products_with_several_photos_count_as_none(rng):
    z, product_ids = make_gallery(rng, views=2, num_products=MIN_PRODUCTS - 1)
    one_photo_each = [str(row) for row in range(len(z))]
    few, none = (fit_whitening(z, np.arange(len(z)), ids) for ids in (product_ids, one_photo_each))
    assert np.array_equal(few.matrix, none.matrix)


def test_only_the_given_rows_are_learned_from(rng):
    z, product_ids = make_gallery(rng, views=2)
    rows = np.arange(0, len(z) - 20)
    of_rows = fit_whitening(z, rows, [product_ids[row] for row in rows])
    z[-20:] = 99
    assert np.array_equal(of_rows.matrix, fit_whitening(z, rows, [product_ids[row] for row in rows]).matrix)


def test_chunks_do_not_change_the_whitening(rng, monkeypatch):
    z, product_ids = make_gallery(rng, views=3)
    whole = fit_whitening(z, np.arange(len(z)), product_ids)
    monkeypatch.setattr("weft.whitening.PHOTOS_PER_CHUNK", 7)
    parts = fit_whitening(z, np.arange(len(z)), product_ids)
    assert np.allclose(whole.matrix, parts.matrix, atol=1e-4)
    assert np.allclose(whole.apply(z), parts.apply(z), atol=1e-4)


@pytest.mark.parametrize("num_photos", [0, 1, 5])
def test_photos_that_do_not_vary_give_no_whitening(num_photos):
    z = np.ones((num_photos, DIM), np.float16)
    assert fit_whitening(z, np.arange(num_photos), [str(row) for row in range(num_photos)]) is None


def test_a_whitening_is_read_as_it_was_written_and_none_removes_it(rng, tmp_path):
    z, product_ids = make_gallery(rng, views=2)
    whitening = fit_whitening(z.astype(np.float16), np.arange(len(z)), product_ids)
    assert read_whitening(tmp_path, DIM) is None
    write_whitening(tmp_path, whitening)
    read = read_whitening(tmp_path, DIM)
    assert np.array_equal(read.matrix, whitening.matrix)
    assert np.array_equal(read.mean, whitening.mean)
    write_whitening(tmp_path, None)
    assert read_whitening(tmp_path, DIM) is None


def test_a_whitening_of_another_dimension_or_a_broken_file_is_an_error_that_names_the_file(rng, tmp_path):
    z, product_ids = make_gallery(rng, views=2)
    write_whitening(tmp_path, fit_whitening(z, np.arange(len(z)), product_ids))
    with pytest.raises(ModelError, match=r"whitening\.safetensors.*embeddings of 8 numbers"):
        read_whitening(tmp_path, 8)
    (tmp_path / "whitening.safetensors").write_bytes(b"\x80\x04pickle")
    with pytest.raises(ModelError, match=r"whitening\.safetensors: cannot read"):
        read_whitening(tmp_path, DIM)
