import numpy as np
import pytest

from weft.tagging import tag_scores
from weft.tagging.tag_scores import product_scores
from weft.word_scores import log_partition


def naive_word_scores(z, w, bias, offsets):
    logits = z.astype(np.float64) @ w.T.astype(np.float64) + bias[:, 0]
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    ends = [*offsets[1:], len(z)]
    return np.array([log_probabilities[a:b].max(axis=0) for a, b in zip(offsets, ends, strict=True)])


@pytest.mark.parametrize("cells", [1, 7, 8_000_000])
def test_a_product_has_the_score_of_its_best_photo_for_any_block_size(monkeypatch, cells):
    monkeypatch.setattr(tag_scores, "_CELLS_PER_BLOCK", cells)
    rng = np.random.default_rng(2)
    z = rng.normal(size=(11, 4)).astype(np.float16)
    w = rng.normal(size=(6, 4)).astype(np.float32)
    bias = rng.normal(size=(6, 1)).astype(np.float32)
    offsets = np.array([0, 1, 4, 10])
    log_partitions = log_partition(z, np.arange(len(z)), w, bias, chunk_size=3)
    found = product_scores(z, w[[1, 3, 5]], bias[[1, 3, 5]], log_partitions, offsets)
    assert found == pytest.approx(naive_word_scores(z, w, bias, offsets)[:, [1, 3, 5]], abs=1e-4)
