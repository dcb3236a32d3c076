import pytest
import torch
from torch import nn

from weft.training.schedule import Schedule, build_optimizer


def run(settings, steps, losses):
    """The learning rate of W after each epoch."""
    words = nn.Parameter(torch.ones(2, 2))
    optimizer = build_optimizer(
        [([nn.Parameter(torch.ones(1))], 0.1), ([words], settings.word_learning_rate)], settings
    )
    schedule, rates = Schedule(optimizer, settings, steps), []
    for loss in losses:
        for _ in range(steps):
            words.grad = torch.zeros_like(words)
            optimizer.step()
            schedule.after_step()
        schedule.after_epoch(loss)
        rates.append(optimizer.param_groups[-1]["lr"])
    return rates


def test_plateau_divides_by_ten_after_patience_epochs_without_improvement(fit_words_settings):
    settings = fit_words_settings(schedule="plateau", patience=2, word_learning_rate=1.0)
    rates = run(settings, 3, [5.0, 4.0, 4.5, 4.5, 4.5, 3.0, 3.5, 3.5])
    assert rates == pytest.approx([1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1, 0.01])


def test_one_cycle_rises_and_ends_near_zero(fit_words_settings):
    rates = run(fit_words_settings(word_learning_rate=1.0, epochs=10), 4, [1.0] * 10)
    assert max(rates) > 0.9
    assert rates.index(max(rates)) in (2, 3)
    assert rates[-1] < 0.001


def test_even_a_training_of_one_step_learns(fit_words_settings):
    settings = fit_words_settings(epochs=1)
    optimizer = build_optimizer([([nn.Parameter(torch.ones(1))], 1.0)], settings)
    Schedule(optimizer, settings, steps_per_epoch=1)
    assert optimizer.param_groups[0]["lr"] > 0.01


def test_one_cycle_leaves_momentum_alone(fit_words_settings):
    settings = fit_words_settings(optimizer="sgd", momentum=0.7)
    optimizer = build_optimizer([([nn.Parameter(torch.ones(1))], 1.0)], settings)
    schedule = Schedule(optimizer, settings, 3)
    for _ in range(settings.epochs * 3):
        assert optimizer.param_groups[0]["momentum"] == 0.7
        optimizer.step()
        schedule.after_step()


@pytest.mark.parametrize(("name", "kind"), [("sgd", torch.optim.SGD), ("adamw", torch.optim.AdamW)])
def test_each_group_has_its_own_rate(fit_words_settings, name, kind):
    settings = fit_words_settings(optimizer=name, weight_decay=0.3, momentum=0.8)
    optimizer = build_optimizer([([nn.Parameter(torch.ones(1))], 0.1), ([nn.Parameter(torch.ones(1))], 0.2)], settings)
    assert type(optimizer) is kind
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.2]
    assert {group["weight_decay"] for group in optimizer.param_groups} == {0.3}


@pytest.mark.parametrize("schedule", ["plateau", "one_cycle"])
def test_the_state_holds_plain_values(fit_words_settings, schedule):
    settings = fit_words_settings(schedule=schedule)
    optimizer = build_optimizer([([nn.Parameter(torch.ones(1))], 0.1)], settings)
    state = Schedule(optimizer, settings, 3).state_dict()
    assert all(isinstance(value, bool | int | float | str | list | type(None)) for value in state.values())
    assert "last_epoch" in state
