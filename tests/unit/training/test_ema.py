import pytest
import torch
from torch import nn

from weft.training.ema import ExponentialMovingAverage


class CountedModule(nn.Module):
    """One weight and one count, as batch norm has."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.register_buffer("steps", torch.tensor(0))

    def move(self, weight):
        nn.init.constant_(self.weight, weight)
        self.steps += 1


def test_the_average_follows_its_definition():
    model = CountedModule(1.0)
    average, expected = ExponentialMovingAverage(model, 0.5), 1.0
    for step, weight in enumerate([3.0, 7.0, -2.0, 4.0, 5.0, 6.0, 0.0, 1.0, 9.0, 9.0], start=1):
        model.move(weight)
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * weight
    assert float(average.averaged_state_dict()["weight"]) == pytest.approx(expected)
    assert int(average.averaged_state_dict()["steps"]) == 10


def test_the_model_wears_the_average_for_a_while():
    model = CountedModule(1.0)
    average = ExponentialMovingAverage(model, 0.9)
    model.move(2.0)
    average.update()
    worn = float(average.averaged_state_dict()["weight"])
    with average.average_parameters():
        assert float(model.weight.detach()) == worn
        assert 1.0 < worn < 2.0
    assert float(model.weight.detach()) == 2.0
    assert model.weight.requires_grad


def test_an_error_gives_the_model_its_own_weights_back():
    model = CountedModule(1.0)
    average = ExponentialMovingAverage(model, 0.9)
    model.move(2.0)
    with pytest.raises(ZeroDivisionError), average.average_parameters():
        _ = 1 / 0
    assert float(model.weight.detach()) == 2.0


def test_it_goes_on_where_its_state_was_taken():
    model, again = CountedModule(1.0), CountedModule(1.0)
    one, other = ExponentialMovingAverage(model, 0.99), ExponentialMovingAverage(again, 0.99)
    model.move(5.0)
    one.update()
    other.load_state_dict(one.state_dict())
    for average, moved in ((one, model), (other, again)):
        moved.move(3.0)
        average.update()
    assert one.averaged_state_dict()["weight"].equal(other.averaged_state_dict()["weight"])
