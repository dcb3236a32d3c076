import pytest
import torch

from weft.loss.sparse_rows import RowSubset

TARGETS, NEGATIVES = torch.tensor([[7, 3], [3, 2]]), torch.tensor([[9, 4, 7]])


def test_ids_are_unique_and_the_first_ids_come_first():
    words = torch.nn.Parameter(torch.arange(20.0).view(10, 2))
    some = RowSubset(10, NEGATIVES, TARGETS)
    assert some.ids.tolist() == [4, 7, 9, 2, 3]
    for ids in (TARGETS, NEGATIVES):
        assert some.gather(words)[some.local_ids(ids)].equal(words[ids])


def test_the_sparse_gradient_equals_the_dense_one():
    words = torch.nn.Parameter(torch.randn(10, 2, generator=torch.Generator().manual_seed(0)))
    dense = words.detach().clone().requires_grad_()
    some = RowSubset(10, NEGATIVES, TARGETS)
    some.gather(words)[some.local_ids(TARGETS)].pow(2).sum().backward()
    dense[TARGETS].pow(2).sum().backward()
    assert words.grad.is_sparse
    torch.testing.assert_close(words.grad.to_dense(), dense.grad)
    assert sorted(words.grad.coalesce().indices()[0].tolist()) == [2, 3, 4, 7, 9]


def test_the_local_id_of_a_word_outside_the_subset_is_minus_one():
    some = RowSubset(10, NEGATIVES)
    assert some.ids.tolist() == [4, 7, 9]
    assert some.local_ids(torch.tensor([[7, -1, 5], [4, 9, 3]])).tolist() == [[1, -1, -1], [0, 2, -1]]


@pytest.mark.parametrize("negatives", [[[9, 4, 7]], [[4, 4, 4]], [[0, 9, 0]]])
@pytest.mark.parametrize("targets", [[[7, 3], [3, 2]], [[4, 4], [9, 9]]])
def test_padding_changes_no_gathered_row_and_no_gradient(negatives, targets):
    negatives, targets = torch.tensor(negatives), torch.tensor(targets)
    gradients = []
    for pad in (False, True):
        words = torch.nn.Parameter(torch.randn(10, 2, generator=torch.Generator().manual_seed(0)))
        some = RowSubset(10, negatives, targets, pad=pad)
        rows = some.gather(words)
        for ids in (targets, negatives):
            assert rows[some.local_ids(ids)].equal(words[ids])
        assert int(some.local_ids(negatives).max()) < some.num_first
        rows[some.local_ids(targets)].pow(2).sum().backward()
        gradients.append(words.grad.to_dense())
        assert set(some.ids.tolist()) == {*negatives.flatten().tolist(), *targets.flatten().tolist()}
    assert gradients[0].equal(gradients[1])


def test_with_padding_the_size_does_not_depend_on_the_values():
    for negatives in ([[9, 4, 7]], [[4, 4, 4]]):
        some = RowSubset(10, torch.tensor(negatives), TARGETS, pad=True)
        assert (some.num_first, len(some.ids)) == (3, 7)
    everything = RowSubset(10, torch.arange(10).repeat(4)[None], TARGETS, pad=True)
    assert (everything.num_first, len(everything.ids)) == (10, 14)
