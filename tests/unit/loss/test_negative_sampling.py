import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.loss.negative_sampling import AliasTable, NegativeSampler

WORD_COUNTS = np.array([90, 40, 40, 7, 1, 0])


def expected_distribution(name):
    weights = {
        "uniform": [1.0] * 6,
        "log_uniform": [math.log((rank + 2) / (rank + 1)) for rank in range(6)],
        "unigram": [max(count, 1) ** 0.75 for count in WORD_COUNTS.tolist()],
    }[name]
    return [weight / sum(weights) for weight in weights]


@pytest.mark.parametrize("name", ["uniform", "log_uniform", "unigram"])
def test_draws_follow_the_distribution_log_q(name):
    proposal = NegativeSampler(name, WORD_COUNTS)
    assert proposal.log_q.exp().tolist() == pytest.approx(expected_distribution(name), rel=1e-5)
    counts = torch.bincount(proposal.sample(1_000, 200, torch.Generator().manual_seed(1)).flatten(), minlength=6)
    # 5 degrees of freedom: 31 is passed by chance once in 100,000 times.
    expected = 200_000 * torch.tensor(expected_distribution(name))
    assert ((counts - expected) ** 2 / expected).sum() < 31


def test_log_uniform_sums_to_one_as_written():
    """q_k = log(1 + 1 / (k + 1)) / log(K + 1): the numerators telescope."""
    assert NegativeSampler("log_uniform", WORD_COUNTS).log_q[0].item() == pytest.approx(
        math.log(math.log(2) / math.log(7)), rel=1e-5
    )


def test_draws_depend_only_on_the_seed():
    proposal = NegativeSampler("unigram", WORD_COUNTS)
    first, again, other = (proposal.sample(5, 9, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert first.shape == (5, 9)
    assert first.equal(again)
    assert not first.equal(other)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40).filter(lambda weights: sum(weights) > 1e-3))
def test_an_alias_table_holds_its_distribution_exactly(weights):
    probabilities = np.array(weights)
    table = AliasTable(probabilities)
    assert table.probabilities().tolist() == pytest.approx((probabilities / probabilities.sum()).tolist(), abs=1e-12)


def test_a_word_of_probability_0_is_never_drawn():
    drawn = AliasTable(np.array([0.0, 3.0, 0.0, 1.0])).sample((10_000,), torch.Generator().manual_seed(1))
    assert set(drawn.tolist()) == {1, 3}


@pytest.mark.parametrize("bad", [[], [0.0, 0.0], [1.0, -1.0, 1.0], [float("nan"), 1.0], [[1.0]]])
def test_invalid_probabilities_raise_an_error(bad):
    with pytest.raises(ValueError, match="expected one probability"):
        AliasTable(np.array(bad))
