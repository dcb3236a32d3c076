import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from weft.training.lr_schedule import LRSchedule, build_optimizer

RATE_1 = {"name": "adamw", "head_lr": 1.0}


def run_schedule(settings, steps, losses):
    """The learning rate of W after each epoch."""
    words = nn.Parameter(torch.ones(2, 2))
    stage = settings.stage
    groups = [([nn.Parameter(torch.ones(1))], 0.1), ([words], stage.optimizer.head_lr)]
    optimizer = build_optimizer(groups, stage.optimizer)
    schedule, rates = LRSchedule(optimizer, stage.lr_schedule, stage.epochs, steps), []
    for loss in losses:
        for _ in range(steps):
            words.grad = torch.zeros_like(words)
            optimizer.step()
            schedule.step_batch()
        schedule.step_epoch(loss)
        rates.append(optimizer.param_groups[-1]["lr"])
    return rates


def test_plateau_divides_by_ten_after_patience_epochs_without_improvement(train_head_settings):
    settings = train_head_settings(lr_schedule={"name": "plateau", "patience": 2}, optimizer=RATE_1)
    rates = run_schedule(settings, 3, [5.0, 4.0, 4.5, 4.5, 4.5, 3.0, 3.5, 3.5])
    assert rates == pytest.approx([1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1, 0.01])


def test_one_cycle_rises_and_ends_near_zero(train_head_settings):
    rates = run_schedule(train_head_settings(optimizer=RATE_1, epochs=10), 4, [1.0] * 10)
    assert max(rates) > 0.9
    assert rates.index(max(rates)) in (2, 3)
    assert rates[-1] < 0.001


def test_the_learning_rate_of_a_single_step_is_above_zero(train_head_settings):
    settings = train_head_settings(epochs=1)
    optimizer = build_optimizer([([nn.Parameter(torch.ones(1))], 1.0)], settings.stage.optimizer)
    LRSchedule(optimizer, settings.stage.lr_schedule, settings.stage.epochs, 1)
    assert optimizer.param_groups[0]["lr"] > 0.01


def test_one_cycle_does_not_change_momentum(train_head_settings):
    settings = train_head_settings(optimizer={"name": "sgd", "momentum": 0.7})
    optimizer = build_optimizer([([nn.Parameter(torch.ones(1))], 1.0)], settings.stage.optimizer)
    schedule = LRSchedule(optimizer, settings.stage.lr_schedule, settings.stage.epochs, 3)
    for _ in range(settings.stage.epochs * 3):
        assert optimizer.param_groups[0]["momentum"] == 0.7
        optimizer.step()
        schedule.step_batch()


@pytest.mark.parametrize(("name", "kind"), [("sgd", torch.optim.SGD), ("adamw", torch.optim.AdamW)])
def test_each_group_has_its_own_learning_rate(train_head_settings, name, kind):
    settings = train_head_settings(optimizer={"name": name, "weight_decay": 0.3})
    optimizer = build_optimizer(
        [([nn.Parameter(torch.ones(1))], 0.1), ([nn.Parameter(torch.ones(1))], 0.2)], settings.stage.optimizer
    )
    assert isinstance(optimizer, kind)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.2]
    assert {group["weight_decay"] for group in optimizer.param_groups} == {0.3}


@pytest.mark.parametrize(("epochs", "steps"), [(1, 1), (1, 2), (1, 3), (3, 7), (10, 40)])
def test_one_cycle_equals_torchs_scheduler(train_head_settings, epochs, steps):
    settings = train_head_settings(lr_schedule="one_cycle", epochs=epochs)
    ours, theirs = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    optimizer = build_optimizer([([ours], 0.7)], settings.stage.optimizer)
    schedule, twin = (
        LRSchedule(optimizer, settings.stage.lr_schedule, settings.stage.epochs, steps),
        torch.optim.SGD([theirs], lr=0.7),
    )
    reference = OneCycleLR(twin, 0.7, total_steps=epochs * steps + 1, cycle_momentum=False)
    for _ in range(epochs * steps):
        assert optimizer.param_groups[0]["lr"] == pytest.approx(twin.param_groups[0]["lr"], rel=1e-9, abs=1e-12)
        optimizer.step()
        twin.step()
        schedule.step_batch()
        reference.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(twin.param_groups[0]["lr"], abs=1e-12)


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_plateau_equals_torchs_scheduler(train_head_settings, patience):
    losses = np.random.default_rng(patience).normal(4, 1, 60).tolist() + [math.nan] * 12
    settings = train_head_settings(lr_schedule={"name": "plateau", "patience": patience}, optimizer=RATE_1)
    twin = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
    # Torch counts the epochs it still bears; the paper those after which the rate falls.
    reference, rates = ReduceLROnPlateau(twin, factor=0.1, patience=patience - 1, eps=0), []
    for loss in losses:
        reference.step(loss)
        rates.append(twin.param_groups[0]["lr"])
    assert run_schedule(settings, 1, losses) == pytest.approx(rates)


def test_cosine_falls_to_zero_by_its_formula(train_head_settings):
    rates = run_schedule(train_head_settings(lr_schedule="cosine", optimizer=RATE_1, epochs=4), 3, [1.0] * 4)
    assert rates == pytest.approx([(1 + math.cos(math.pi * epoch / 4)) / 2 for epoch in (1, 2, 3, 4)])


@pytest.mark.parametrize("schedule", ["plateau", "cosine"])
def test_a_warm_up_rises_linearly_to_the_full_rate(train_head_settings, schedule):
    settings = train_head_settings(lr_schedule={"name": schedule, "warmup_epochs": 0.5}, epochs=2)
    optimizer = build_optimizer([([nn.Parameter(torch.ones(1))], 1.0)], settings.stage.optimizer)
    schedule_under_test, rates = LRSchedule(optimizer, settings.stage.lr_schedule, settings.stage.epochs, 8), []
    for _ in range(5):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule_under_test.step_batch()
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


@pytest.mark.parametrize(
    "schedule",
    [
        {"name": "plateau", "patience": 1, "warmup_epochs": 0.5},
        {"name": "one_cycle"},
        {"name": "cosine", "warmup_epochs": 0.5},
    ],
    ids=lambda schedule: schedule["name"],
)
def test_a_restored_schedule_continues_where_it_was_saved(train_head_settings, schedule):
    settings = train_head_settings(lr_schedule=schedule, epochs=6)

    def fresh():
        optimizer = build_optimizer([([nn.Parameter(torch.ones(1))], 0.1)], settings.stage.optimizer)
        return optimizer, LRSchedule(optimizer, settings.stage.lr_schedule, settings.stage.epochs, 2)

    def go(optimizer, schedule_under_test, epochs):
        rates = []
        for loss in epochs:
            for _ in range(2):
                schedule_under_test.step_batch()
                rates.append(optimizer.param_groups[0]["lr"])
            schedule_under_test.step_epoch(loss)
        return rates

    optimizer, schedule_under_test = fresh()
    go(optimizer, schedule_under_test, [3.0, 4.0])
    state = schedule_under_test.state_dict()
    assert all(isinstance(value, bool | int | float) for value in state.values())
    again_optimizer, again = fresh()
    again.load_state_dict(state)
    assert again_optimizer.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]
    assert go(again_optimizer, again, [2.0, 5.0]) == go(optimizer, schedule_under_test, [2.0, 5.0])
