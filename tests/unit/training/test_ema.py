import pytest
import torch
from torch import nn

from weft.training.ema import EMA, averaged_weights_applied


class CountedModule(nn.Module):
    """One weight and one count, as batch norm has them."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.register_buffer("steps", torch.tensor(0))

    def set_weight(self, weight):
        nn.init.constant_(self.weight, weight)
        self.steps += 1


def read_weight(ema):
    return ema.weights()["weight"]


def test_the_average_equals_its_definition_bit_for_bit():
    model = CountedModule(1.0)
    ema, expected = EMA(model, 0.5), torch.tensor(1.0)
    for step, weight in enumerate([3.0, 7.0, -2.0, 4.0, 5.0, 6.0, 0.0, 1.0, 9.0, 9.0], start=1):
        model.set_weight(weight)
        ema.update()
        expected.lerp_(torch.tensor(weight), 1 - min(0.5, (1 + step) / (10 + step)))
    assert read_weight(ema).equal(expected)
    assert int(ema.weights()["steps"]) == 10


def test_the_model_has_the_averaged_weights_inside_the_block():
    model = CountedModule(1.0)
    ema = EMA(model, 0.9)
    model.set_weight(2.0)
    ema.update()
    averaged = float(read_weight(ema))
    with averaged_weights_applied(model, ema):
        assert float(model.weight.detach()) == averaged
        assert 1.0 < averaged < 2.0
    assert float(model.weight.detach()) == 2.0
    assert model.weight.requires_grad


def test_an_error_gives_the_model_its_own_weights_back():
    model = CountedModule(1.0)
    ema = EMA(model, 0.9)
    model.set_weight(2.0)
    with pytest.raises(ZeroDivisionError), averaged_weights_applied(model, ema):
        _ = 1 / 0
    assert float(model.weight.detach()) == 2.0


def test_a_restored_average_continues_where_it_was_saved():
    model, restored_model = CountedModule(1.0), CountedModule(1.0)
    ema, restored = EMA(model, 0.99), EMA(restored_model, 0.99)
    model.set_weight(5.0)
    ema.update()
    restored.load_state_dict(ema.state_dict())
    for average, updated in ((ema, model), (restored, restored_model)):
        updated.set_weight(3.0)
        average.update()
    assert read_weight(ema).equal(read_weight(restored))
