import numpy as np
import pytest

from weft.tagging import tag_scores
from weft.tagging.tag_scores import normalisers, product_scores


def naive_word_scores(z, w, bias, offsets):
    logits = z.astype(np.float64) @ w.T.astype(np.float64) + bias[:, 0]
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    ends = [*offsets[1:], len(z)]
    return np.array([log_probabilities[a:b].max(axis=0) for a, b in zip(offsets, ends, strict=True)])


@pytest.mark.parametrize("cells", [1, 7, 8_000_000])
def test_a_product_scores_its_best_photo_however_it_is_cut(monkeypatch, cells):
    monkeypatch.setattr(tag_scores, "_CELLS_AT_ONCE", cells)
    monkeypatch.setattr(tag_scores, "_PHOTOS_AT_ONCE", 3)
    random = np.random.default_rng(2)
    z = random.normal(size=(11, 4)).astype(np.float16)
    w = random.normal(size=(6, 4)).astype(np.float32)
    bias = random.normal(size=(6, 1)).astype(np.float32)
    starts = np.array([0, 1, 4, 10])
    found = product_scores(z, w[[1, 3, 5]], bias[[1, 3, 5]], normalisers(z, w, bias), starts)
    assert found == pytest.approx(naive_word_scores(z, w, bias, starts)[:, [1, 3, 5]], abs=1e-4)


def test_large_logits_do_not_overflow():
    z = np.array([[1000.0, 0.0]], np.float16)
    assert normalisers(z, np.eye(2, dtype=np.float32), np.zeros((2, 1), np.float32)) == pytest.approx([1000.0])
