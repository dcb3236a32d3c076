from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sparse
from safetensors.numpy import save_file

from weft.contracts import files
from weft.errors import ModelError
from weft.tagging import tag_head
from weft.tagging.cross_fitting import N_FOLDS, CrossFittedScores
from weft.tagging.tag_head import RidgeSolver, TagHead, choose_penalty, sum_features, sum_words
from weft.tagging.tag_scores import EmbeddedCatalogue

DIM, N_WORDS = 6, 4


def make_catalogue(n_products: int, photos_of_product: int = 3) -> EmbeddedCatalogue:
    rng = np.random.default_rng(1)
    sizes = rng.integers(1, photos_of_product + 1, n_products)
    z = rng.normal(3, 2, (sizes.sum(), DIM)).astype(np.float16)
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    in_text = rng.random((n_products, N_WORDS)) < 0.4
    ids = [f"a/{n}" for n in range(n_products)]
    photo_ids = [f"{ids[product]}#{n}" for product, size in enumerate(sizes) for n in range(size)]
    splits = np.array(["train", "train", "train", "val"] * n_products)[:n_products]
    terms = sparse.csr_matrix(in_text.astype(np.float32))
    return EmbeddedCatalogue(z, photo_ids, offsets, ids, splits, terms, terms)


def naive_ridge(catalogue: EmbeddedCatalogue, products: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Weighted ridge regression by the normal equations, with an intercept that is not penalised."""
    product_of = catalogue.products_of_photos()
    rows = products[product_of]
    weights = (1 / np.bincount(product_of)[product_of])[rows]
    weights /= weights.sum()
    z, y = catalogue.z[rows].astype(np.float64), catalogue.text_terms.toarray()[product_of[rows]]
    mean = weights @ z
    scale = np.sqrt(weights @ (z - mean) ** 2)
    x = (z - mean) / scale
    gram = x.T @ (x * weights[:, None]) + penalty * np.eye(DIM)
    w = np.linalg.solve(gram, x.T @ ((y - weights @ y) * weights[:, None])).T / scale
    return w, weights @ y - w @ mean


def fit(catalogue: EmbeddedCatalogue, products: np.ndarray, penalty: float) -> TagHead:
    words = np.arange(N_WORDS)
    return RidgeSolver(sum_features(catalogue, products)).solve(sum_words(catalogue, products, words), words, penalty)


@pytest.mark.parametrize("penalty", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("photos_per_chunk", [1, 5, 4096])
def test_the_closed_form_equals_weighted_ridge_regression_for_any_chunk(monkeypatch, penalty, photos_per_chunk):
    monkeypatch.setattr(tag_head, "_PHOTOS_PER_CHUNK", photos_per_chunk)
    catalogue = make_catalogue(40)
    head = fit(catalogue, catalogue.splits == "train", penalty)
    w, bias = naive_ridge(catalogue, catalogue.splits == "train", penalty)
    assert head.w == pytest.approx(w, abs=1e-5)
    assert head.bias == pytest.approx(bias, abs=1e-5)


@pytest.mark.parametrize("has_rule", [True, False])
def test_val_chooses_a_small_penalty_where_a_weak_feature_decides_and_a_large_one_for_chance(has_rule):
    rng = np.random.default_rng(2)
    words = np.arange(15)

    def draw(count):
        common, weak = rng.normal(size=(2, count))
        shown = weak if has_rule else rng.normal(size=count)
        by_chance = rng.random((count, 5)) < 0.45
        in_text = np.hstack([np.tile(shown[:, None] > 0.5, 5), np.tile(shown[:, None] < -0.5, 5), by_chance])
        return np.stack([common + 0.1 * weak, common - 0.1 * weak], axis=1).astype(np.float16), in_text

    catalogue = make_catalogue(400, photos_of_product=1)
    z, in_text = draw(400)
    catalogue = replace(catalogue, z=z, text_terms=sparse.csr_matrix(in_text.astype(np.float32)))
    train = catalogue.splits == "train"
    solver, sums = RidgeSolver(sum_features(catalogue, train)), sum_words(catalogue, train, words)
    assert (choose_penalty(solver, sums, *draw(100)) < 0.1) == has_rule


def test_a_training_product_is_scored_by_a_head_that_has_not_seen_its_text():
    catalogue = make_catalogue(30)
    words = np.arange(N_WORDS)
    scores = dict(CrossFittedScores(catalogue, words, 1.0).iter_scores(words))
    is_train = catalogue.splits == "train"
    fold = np.where(is_train, np.cumsum(is_train) % N_FOLDS, -1)
    for product in range(30):
        rows = catalogue.photo_rows(product)
        w, bias = naive_ridge(catalogue, is_train & (fold != fold[product]), 1.0)
        expected = (catalogue.z[rows.start : rows.stop].astype(np.float64) @ w.T + bias).mean(axis=0)
        assert [scores[word][product] for word in words] == pytest.approx(expected, abs=1e-4)


def test_scores_do_not_depend_on_the_chunk_of_photos(monkeypatch):
    from weft.tagging import cross_fitting

    catalogue, words = make_catalogue(20), np.arange(N_WORDS)
    whole = np.array([scores for _, scores in CrossFittedScores(catalogue, words, 1.0).iter_scores(words)])
    monkeypatch.setattr(cross_fitting, "_PHOTOS_PER_CHUNK", 2)
    monkeypatch.setattr(cross_fitting, "_CELLS_PER_BLOCK", 1)
    pieces = np.array([scores for _, scores in CrossFittedScores(catalogue, words, 1.0).iter_scores(words)])
    assert pieces == pytest.approx(whole, abs=1e-5)


def good_tensors() -> dict[str, np.ndarray]:
    return {"word_ids": np.array([1, 3]), "w": np.ones((2, DIM), np.float32), "bias": np.ones(2, np.float32)}


def test_a_head_is_read_as_it_was_written(tmp_path):
    tag_head.write_tag_head(tmp_path, TagHead(**good_tensors()))
    head = tag_head.read_tag_head(tmp_path, 4, DIM)
    assert head.word_ids.tolist() == [1, 3]
    assert head.select(np.array([3])).w.shape == (1, DIM)


@pytest.mark.parametrize(
    "change",
    [
        {"word_ids": np.array([3, 1])},
        {"word_ids": np.array([1, 4])},
        {"word_ids": np.array([-1, 3])},
        {"word_ids": np.array([1.0, 3.0])},
        {"w": np.ones((2, DIM + 1), np.float32)},
        {"w": np.full((2, DIM), np.nan, np.float32)},
        {"bias": np.ones(3, np.float32)},
        {"bias": np.ones(2, np.float64)},
    ],
    ids=["order", "unknown word", "negative", "not integers", "dimension", "not finite", "bias", "type"],
)
def test_a_head_that_does_not_fit_the_model_is_refused(tmp_path, change):
    save_file(good_tensors() | change, tmp_path / files.TAG_HEAD)
    with pytest.raises(ModelError, match="expected finite float32 scores of at most 4 words"):
        tag_head.read_tag_head(tmp_path, 4, DIM)


def test_a_missing_or_broken_head_is_an_error_that_says_what_to_do(tmp_path):
    for content in (None, b"not tensors"):
        if content is not None:
            (tmp_path / files.TAG_HEAD).write_bytes(content)
        with pytest.raises(ModelError, match="cannot read the tag head"):
            tag_head.read_tag_head(tmp_path, 4, DIM)
