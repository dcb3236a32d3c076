import pytest
import torch

from weft.loss.sampled_softmax import positive_and_negative_logits

TARGETS = torch.tensor([0, 5, 2, 2])


def make_case():
    random = torch.Generator().manual_seed(0)
    z = torch.randn(4, 3, dtype=torch.float64, generator=random, requires_grad=True)
    return z, torch.randn(7, 3, dtype=torch.float64, generator=random, requires_grad=True)


@pytest.mark.parametrize("columns", [0, 1, 3, 7])
def test_scores_are_plain_products(columns):
    z, rows = make_case()
    positive, others = positive_and_negative_logits(z, rows, TARGETS, columns)
    torch.testing.assert_close(positive[:, 0], (z * rows[TARGETS]).sum(1))
    torch.testing.assert_close(others, z @ rows[:columns].T)


@pytest.mark.parametrize("columns", [1, 3, 7])
def test_gradients_are_those_of_finite_differences(columns):
    assert torch.autograd.gradcheck(
        lambda z, rows: positive_and_negative_logits(z, rows, TARGETS, columns), make_case()
    )


def test_rows_have_a_gradient_if_z_requires_none():
    z, rows = make_case()
    positive_and_negative_logits(z.detach(), rows, TARGETS, 3)[0].sum().backward()
    wanted = torch.zeros_like(rows).index_add(0, TARGETS, z.detach())
    torch.testing.assert_close(rows.grad, wanted)
