"""What sampled softmax tends to as negatives grow: the full softmax with the correction, something else without."""

import math

import numpy as np
import pytest
import torch

from weft.loss.full_softmax import full_softmax
from weft.loss.negative_sampling import NegativeSampler
from weft.loss.sampled_softmax import sampled_softmax

pytestmark = pytest.mark.slow

VOCABULARY, DIM, PHOTOS, REPEATS = 40, 6, 8, 60
PROPOSALS = ["uniform", "log_uniform", "unigram"]


@pytest.fixture(scope="module")
def case():
    """Embeddings, W, and bags of two words; frequent words, which come first, score higher, as in life."""
    random = torch.Generator().manual_seed(0)
    z = torch.randn(PHOTOS, DIM, generator=random)
    words = torch.randn(VOCABULARY, DIM, generator=random) * torch.linspace(1.2, 0.4, VOCABULARY)[:, None]
    targets = torch.randint(VOCABULARY, (PHOTOS, 2), generator=random)
    return z, words, targets, torch.tensor([[0.7, 0.3]] * PHOTOS)


def compute_gradient(loss, words):
    return torch.autograd.grad(loss, words)[0]


def gradient_error(case, name, negatives, correction, shared=False):
    """How far the mean gradient of W over many draws is from the full one, relative to its length."""
    z, words, targets, weights = case
    words = words.clone().requires_grad_()
    full = compute_gradient(full_softmax(z, words, targets, weights), words)
    proposal = NegativeSampler(name, np.arange(VOCABULARY, 0, -1) ** 2)
    expected = proposal.log_q + math.log(negatives) if correction else None
    generator = torch.Generator().manual_seed(1)
    total = torch.zeros_like(full)
    for _ in range(REPEATS):
        drawn = proposal.sample(1 if shared else PHOTOS, negatives, generator)
        total += compute_gradient(sampled_softmax(z, words, targets, weights, drawn, expected), words)
    return float((total / REPEATS - full).norm() / full.norm())


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("name", PROPOSALS)
def test_with_its_correction_the_gradient_tends_to_the_full_one(case, name, shared):
    far = [gradient_error(case, name, negatives, True, shared) for negatives in (5, 50, 500, 5_000)]
    assert far[0] > far[1] > far[2] > far[3]
    assert far[3] < 0.02


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("name", PROPOSALS)
def test_without_the_correction_it_does_not(case, name, shared):
    far = [gradient_error(case, name, negatives, False, shared) for negatives in (5, 50, 500, 5_000)]
    assert far[3] > far[2] > 0.09
    assert far[3] > 20 * gradient_error(case, name, 5_000, True, shared)


def test_as_many_uniform_negatives_as_words_need_no_correction(case):
    """Their expected counts are all 1; of other proposals they are not."""
    assert gradient_error(case, "uniform", VOCABULARY, False) == gradient_error(case, "uniform", VOCABULARY, True)
    assert gradient_error(case, "log_uniform", VOCABULARY, False) > 0.1


@pytest.mark.parametrize("name", PROPOSALS)
def test_the_sum_over_corrected_negatives_is_right_on_average(case, name):
    """E[sum of e^s / expected count over negatives] is the sum of e^s over the vocabulary, exactly for any number."""
    z, words, _, _ = case
    scores = (z @ words.T).double()
    proposal = NegativeSampler(name, np.arange(VOCABULARY, 0, -1) ** 2)
    drawn = proposal.sample(PHOTOS, 200_000, torch.Generator().manual_seed(2))
    ratio = (scores.gather(1, drawn) - proposal.log_q.double()[drawn]).exp()
    wanted = scores.exp().sum(1)
    error = ratio.std(1) / math.sqrt(drawn.shape[1])
    assert ((ratio.mean(1) - wanted).abs() < 5 * error).all()
