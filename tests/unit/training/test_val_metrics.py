import math

import numpy as np
import pytest
import torch

from weft.bags import build_word_bags
from weft.model.embedder import Embedder
from weft.params import DotProductLogits, FullSoftmaxLoss
from weft.training import val_metrics
from weft.training.objective import Objective, build_sampler
from weft.training.val_metrics import ValSample, measure_words


@pytest.fixture
def make_sample(train_head_settings):
    """Build the sample of photos, given by their words and products, and the batches of the pass over val."""

    def make(bags, products, batch_size=3):
        word_bags = build_word_bags(bags)
        sampler = build_sampler(build_word_bags([list(range(9))]), 9, train_head_settings().training)
        batches = list(sampler.eval_batches(word_bags, batch_size))
        return ValSample(word_bags, np.asarray(products), batches), batches

    return make


@pytest.fixture
def measure_tags(make_sample):
    """Return the tag precision of a W on given z of photos."""

    def run(z, words, bags, bias=None, all_reduce_sum=lambda tensor: tensor, own=slice(None)):
        sample, batches = make_sample(bags, range(len(bags)))
        model = Embedder(torch.nn.Identity(), torch.tensor(words, dtype=torch.float32), bias=bias)
        objective = Objective(
            FullSoftmaxLoss(name="full_softmax"), DotProductLogits(name="dot_product"), np.ones(9, np.int64)
        )
        z = torch.tensor(z, dtype=torch.float32)
        embedded = ((z[batch.photo_indices], sample.prepare(batch, objective)) for batch in batches[own])
        return measure_words(embedded, model, objective, sample, all_reduce_sum)[1]

    return run


def test_views_of_a_product_are_the_photos_to_find(make_sample):
    """Photo 0 finds its other view first, photos 1 and 3 second; photo 2 finds a view of the other product first."""
    sample, _ = make_sample([[1]] * 4, [7, 7, 3, 3])
    z = torch.tensor([[1.0, 0.0], [0.9, 0.3], [0.7, 0.7], [0.0, 1.0]])
    similarity = torch.nn.functional.normalize(z, dim=1) @ torch.nn.functional.normalize(z, dim=1).T
    first = similarity.fill_diagonal_(-1).argmax(dim=1).tolist()
    expected = np.mean([product == [7, 7, 3, 3][found] for product, found in zip([7, 7, 3, 3], first, strict=True)])
    assert sample.compute_map_at_r(z) == pytest.approx(expected)


def test_with_one_photo_per_product_the_photos_to_find_have_similar_texts(make_sample):
    sample, _ = make_sample([[0, 1], [0, 1, 2], [3, 4], [3, 4, 2]], [0, 1, 2, 3])
    assert sample.compute_map_at_r(torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])) == 1.0
    assert sample.compute_map_at_r(torch.tensor([[1.0, 0.0], [0.1, 0.9], [0.0, 1.0], [0.9, 0.1]])) == 0.0


def test_photos_of_equal_texts_are_all_to_be_found(make_sample):
    sample, _ = make_sample([[0, 1]] * 3 + [[2, 3]] * 2, range(5))
    z = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9], [0.2, 0.8]])
    # R is 2 for the first three photos and 1 for the others; photo 2 is nearest to 3, and 3 to 2.
    assert sample.compute_map_at_r(z) == pytest.approx((0.5 + 0.5 + 0 + 0 + 1) / 5)


def test_a_text_without_a_word_in_common_with_others_is_no_query(make_sample):
    sample, _ = make_sample([[0], [0], [1]], range(3))
    assert sample.compute_map_at_r(torch.eye(3)) == pytest.approx((1 + 1) / 2)
    nothing_shared, _ = make_sample([[0], [1], [2]], range(3))
    assert math.isnan(nothing_shared.compute_map_at_r(torch.eye(3)))


def test_a_few_products_with_several_views_among_many_do_not_make_the_queries(make_sample):
    """Two photos of ten have another view; that is too few, so the texts say which photos are similar."""
    sample, _ = make_sample([[n % 2] for n in range(10)], [0, 0, *range(1, 9)])
    z = torch.tensor([[1.0, 0.0] if n % 2 else [0.0, 1.0] for n in range(10)])
    assert sample.compute_map_at_r(z) == 1.0


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_embeddings_that_are_not_finite_give_no_retrieval_metric(make_sample, value):
    sample, _ = make_sample([[0]] * 4, [0, 0, 1, 1])
    z = torch.ones(4, 2)
    z[2, 0] = value
    assert math.isnan(sample.compute_map_at_r(z))


def test_whole_products_are_sampled_evenly(make_sample, monkeypatch):
    monkeypatch.setattr(val_metrics, "MAX_PHOTOS", 10)
    sample, _ = make_sample([[0]] * 40, [n // 2 for n in range(40)])
    assert sample.photos.tolist() == [n for n in range(40) if (n // 2) % 4 == 0]


def test_photos_without_words_are_not_sampled(make_sample):
    sample, _ = make_sample([[0], [], [1], []], [0, 0, 1, 1])
    assert sample.photos.tolist() == [0, 2]


def test_tag_precision_is_the_share_of_the_five_best_words_that_the_text_has(measure_tags):
    """The words 0 to 4 score highest for the first photo, the words 4 to 8 for the second."""
    words = [[float(8 - word), float(word)] for word in range(9)]
    found = measure_tags([[1.0, 0.0], [0.0, 1.0]], words, [[0, 1, 2, 7, 7], [4]])
    assert found == pytest.approx((3 / 5 + 1 / 5) / 2)


def test_a_word_bias_counts_in_tag_precision(measure_tags):
    assert measure_tags([[1.0, 1.0]], [[0.0, 0.0]] * 9, [[8]], torch.arange(9.0).view(9, 1)) == pytest.approx(1 / 5)


def test_scores_that_are_not_finite_give_no_tag_precision(measure_tags):
    assert math.isnan(measure_tags([[math.nan, 0.0]], [[1.0, 1.0]] * 9, [[0]]))


def test_without_val_photos_nothing_is_measured(measure_tags, make_sample):
    assert math.isnan(measure_tags(np.zeros((0, 2)), [[1.0, 1.0]] * 9, []))
    sample, _ = make_sample([], [])
    assert math.isnan(sample.compute_map_at_r(torch.zeros(0, 2)))


def test_processes_that_share_the_photos_measure_the_same_tag_precision(measure_tags):
    """Two processes embed every other batch; adding up what they collected gives what one process measures."""
    rng = np.random.default_rng(3)
    given = rng.normal(size=(12, 4)), rng.normal(size=(9, 4)), [[n % 9] for n in range(12)], None
    collected = []

    def collect(tensor):
        collected.append(tensor.clone())
        return tensor

    measure_tags(*given, collect, slice(0, None, 2))
    both = measure_tags(*given, lambda tensor: tensor + collected[0], slice(1, None, 2))
    assert both == measure_tags(*given)
