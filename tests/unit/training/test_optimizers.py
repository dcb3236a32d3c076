"""Optimisers that move the rows of W a step touched, beside torch's own and a loop over single rows."""

import math

import pytest
import torch

from weft.training import optimizers
from weft.training.optimizers import SparseRowAdamW, SparseRowSGD

ROWS, DIM, STEPS = 7, 3, 12
SETTINGS = [
    (SparseRowSGD, {"lr": 0.1}),
    (SparseRowSGD, {"lr": 0.1, "momentum": 0.9}),
    (SparseRowSGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.05}),
    (SparseRowAdamW, {"lr": 0.1, "weight_decay": 0.0}),
    (SparseRowAdamW, {"lr": 0.1, "weight_decay": 0.05}),
]


def make_words():
    return torch.nn.Parameter(torch.randn(ROWS, DIM, generator=torch.Generator().manual_seed(0)))


def iter_gradients(every_row=False):
    """(rows, one gradient a row) of each step; rows repeat."""
    random = torch.Generator().manual_seed(1)
    for _ in range(STEPS):
        some = torch.randint(ROWS - 2, (5,), generator=random)
        rows = torch.cat([torch.arange(ROWS), some]) if every_row else some
        yield rows, torch.randn(len(rows), DIM, generator=random)


def make_sparse_gradient(rows, gradient):
    return torch.sparse_coo_tensor(rows[None], gradient, (ROWS, DIM), check_invariants=True)


def train_rows(kind, settings, gradients, dense=False):
    words = make_words()
    optimizer = kind([words], **settings)
    for rows, gradient in gradients:
        words.grad = make_sparse_gradient(rows, gradient).to_dense() if dense else make_sparse_gradient(rows, gradient)
        optimizer.step()
    return words.detach()


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_updates_of_all_rows_equal_torchs_optimizer(kind, settings):
    """The dense twin: the same gradients, written out in full, through torch's own optimiser."""
    own = train_rows(kind, settings, iter_gradients(every_row=True))
    torchs = train_rows(kind.__bases__[0], settings, iter_gradients(every_row=True), dense=True)
    torch.testing.assert_close(own, torchs, rtol=1e-5, atol=1e-6)


def test_plain_sgd_equals_torchs_for_any_rows():
    own = train_rows(SparseRowSGD, {"lr": 0.1}, iter_gradients())
    torch.testing.assert_close(own, train_rows(torch.optim.SGD, {"lr": 0.1}, iter_gradients(), dense=True))


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_dense_gradients_are_applied_like_torchs(kind, settings):
    own, torchs = train_rows(kind, settings, iter_gradients(), dense=True), kind.__bases__[0]
    assert own.equal(train_rows(torchs, settings | {"fused": True}, iter_gradients(), dense=True))
    torch.testing.assert_close(own, train_rows(torchs, settings, iter_gradients(), dense=True), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_a_gradient_may_have_another_memory_layout_than_its_parameter(kind, settings, layout):
    """Fused kernels walk both as they lie, and would give each number another's gradient."""
    random = torch.Generator().manual_seed(0)
    start, gradients = torch.randn(4, 3, 5, 5, generator=random), torch.randn(STEPS, 4, 3, 5, 5, generator=random)
    ends = []
    for own in (layout, torch.contiguous_format):
        kernel = torch.nn.Parameter(start.clone(memory_format=own))
        optimizer = kind([kernel], **settings)
        for gradient in gradients:
            kernel.grad = gradient.clone()
            optimizer.step()
        ends.append(kernel.detach())
    torch.testing.assert_close(*ends)


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_sparse_and_dense_scaled_gradients_are_unscaled(kind, settings):
    """float16 scales its loss; a fused kernel unscales by itself, and rows that it never sees would not be."""
    ends = []
    for scales in ([1.0] * STEPS, [1024.0, 2.0] * (STEPS // 2)):
        words, bias = make_words(), make_words()
        optimizer, scaler = kind([words, bias], **settings), torch.amp.GradScaler("cpu")
        for scale, (rows, gradient) in zip(scales, iter_gradients(), strict=True):
            scaler.scale(torch.zeros(()))
            scaler.update(scale)
            words.grad, bias.grad = (
                make_sparse_gradient(rows, scale * gradient),
                scale * make_sparse_gradient(rows, gradient).to_dense(),
            )
            scaler.step(optimizer)
            scaler.update()
        ends.append(torch.stack([words.detach(), bias.detach()]))
    torch.testing.assert_close(*ends)


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_row_updates_equal_a_loop_over_rows(kind, settings):
    expected, state = make_words().detach().clone(), {}
    for step, (rows, gradient) in enumerate(iter_gradients(), start=1):
        for row in set(rows.tolist()):
            expected[row] = naive_step(expected[row], gradient[rows == row].sum(0), settings, state, row, step, kind)
    torch.testing.assert_close(train_rows(kind, settings, iter_gradients()), expected, rtol=1e-5, atol=1e-6)


def test_sums_of_repeated_rows_equal_a_coalesced_gradient():
    for rows, gradient in iter_gradients():
        sorted_rows, sums = optimizers.sum_repeated_rows(rows, gradient)
        expected = make_sparse_gradient(rows, gradient).to_dense()
        assert sorted_rows.tolist() == sorted(rows.tolist())
        torch.testing.assert_close(sums, expected[sorted_rows])


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_rows_that_a_gpu_leaves_repeated_are_updated_once(kind, settings, monkeypatch):
    expected = train_rows(kind, settings, iter_gradients())
    monkeypatch.setattr(
        optimizers, "_coalesce_rows", lambda g: optimizers.sum_repeated_rows(g._indices()[0], g._values())
    )
    torch.testing.assert_close(train_rows(kind, settings, iter_gradients()), expected, rtol=1e-5, atol=1e-6)


def naive_step(words, gradient, settings, state, row, step, kind):
    """One row after one step."""
    rate, decay = settings["lr"], settings.get("weight_decay", 0.0)
    if kind is SparseRowSGD:
        gradient = gradient + decay * words
        state[row] = settings.get("momentum", 0.0) * state.get(row, 0.0) + gradient
        return words - rate * state[row]
    one, two = state.get(row, (torch.zeros(DIM), torch.zeros(DIM)))
    one, two = 0.9 * one + 0.1 * gradient, 0.999 * two + 0.001 * gradient**2
    state[row] = one, two
    scale = (two / (1 - 0.999**step)).sqrt() + 1e-8
    return words * (1 - rate * decay) - rate * one / (1 - 0.9**step) / scale


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_rows_without_a_gradient_do_not_change(kind, settings):
    words = make_words()
    optimizer = kind([words], **settings)
    for rows, gradient in iter_gradients():
        before = words.detach().clone()
        words.grad = make_sparse_gradient(rows, gradient)
        optimizer.step()
        untouched = sorted(set(range(ROWS)) - set(rows.tolist()))
        assert words[untouched].equal(before[untouched])
        assert not words[rows].equal(before[rows])


def test_torchs_optimizers_change_rows_without_a_gradient():
    """Row 0 is touched once, and goes on moving by Adam's first moment."""
    words = make_words()
    optimizer = torch.optim.AdamW([words], lr=0.1, weight_decay=0.0)
    after = []
    for row in (0, 1, 2):
        words.grad = make_sparse_gradient(torch.tensor([row]), torch.ones(1, DIM)).to_dense()
        optimizer.step()
        after.append(words[0].detach().clone())
    assert not after[0].equal(after[2])


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_a_restored_optimizer_continues_like_an_uninterrupted_one(kind, settings):
    gradients = list(iter_gradients())
    words = make_words()
    optimizer = kind([words], **settings)
    for rows, gradient in gradients[:5]:
        words.grad = make_sparse_gradient(rows, gradient)
        optimizer.step()
    resumed = torch.nn.Parameter(words.detach().clone())
    other = kind([resumed], **settings)
    other.load_state_dict(optimizer.state_dict())
    for rows, gradient in gradients[5:]:
        resumed.grad = make_sparse_gradient(rows, gradient)
        other.step()
    assert resumed.detach().equal(train_rows(kind, settings, gradients))


def test_one_optimizer_updates_dense_and_sparse_parameters():
    words, other = make_words(), torch.nn.Parameter(torch.ones(2))
    optimizer = SparseRowAdamW(
        [{"params": [other], "lr": 0.1}, {"params": [words], "lr": 0.0}], lr=0.0, weight_decay=0.01
    )
    words.grad, other.grad = make_sparse_gradient(torch.tensor([1]), torch.ones(1, DIM)), torch.ones(2)
    optimizer.step()
    assert words.detach().equal(make_words().detach())
    assert math.isclose(float(other[0].detach()), 1 - 0.1 - 0.1 * 0.01, rel_tol=1e-4)
