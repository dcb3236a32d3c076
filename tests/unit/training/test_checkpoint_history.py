import math

import pytest
import torch
from run_contexts import in_folder
from torch import nn

from weft.training.checkpoint import CheckpointManager
from weft.training.history import EpochMetrics
from weft.training.lr_schedule import LRSchedule, build_optimizer


@pytest.fixture
def open_checkpoints(tmp_path, train_head_settings):
    """Open the checkpoints of a model with one weight."""

    def make(fingerprint="mine"):
        model, settings = (
            nn.Linear(1, 1, bias=False),
            train_head_settings(lr_schedule={"name": "plateau", "patience": 3}).stage,
        )
        optimizer = build_optimizer([(list(model.parameters()), 0.1)], settings.optimizer)
        return CheckpointManager(
            in_folder(tmp_path),
            fingerprint,
            model,
            optimizer,
            LRSchedule(optimizer, settings.lr_schedule, settings.epochs, 1),
        ), model

    return make


def run_epochs(checkpoints, model, losses):
    """Weights at epoch n are n."""
    for epoch, loss in enumerate(losses):
        nn.init.constant_(model.weight, epoch)
        checkpoints.end_epoch(EpochMetrics(epoch, 1.0, loss, 0.1))


@pytest.mark.parametrize(
    ("losses", "best"),
    [
        ([5.0, 4.0, 3.0, 3.5], 2),
        ([3.0, 4.0, 5.0], 0),
        ([3.0, 3.0, 3.0], 0),
        ([5.0, 4.0, math.nan, 4.5], 1),
        ([math.nan, math.nan, math.nan], 2),
        ([5.0, math.inf], 0),
    ],
    ids=["lowest", "untrained", "first_of_equals", "diverged", "no_val_photos", "infinite"],
)
def test_the_weights_with_the_lowest_val_loss_are_kept(open_checkpoints, losses, best):
    checkpoints, model = open_checkpoints()
    run_epochs(checkpoints, model, losses)
    assert float(checkpoints.best_weights["weight"].detach()) == best


def test_the_best_weights_do_not_move_with_the_model(open_checkpoints):
    checkpoints, model = open_checkpoints()
    run_epochs(checkpoints, model, [1.0])
    nn.init.constant_(model.weight, 9)
    assert float(checkpoints.best_weights["weight"].detach()) == 0


def test_reopened_checkpoints_restore_the_training(open_checkpoints):
    checkpoints, model = open_checkpoints()
    run_epochs(checkpoints, model, [5.0, 4.0, 4.5])
    again, model = open_checkpoints()
    assert again.history == checkpoints.history
    assert float(model.weight.detach()) == 2
    assert float(again.best_weights["weight"].detach()) == 1
    again.end_epoch(EpochMetrics(3, 1.0, 4.2, 0.1))
    assert float(again.best_weights["weight"].detach()) == 1


def test_checkpoints_of_another_training_are_ignored(open_checkpoints):
    checkpoints, model = open_checkpoints()
    run_epochs(checkpoints, model, [5.0])
    other, model = open_checkpoints("another")
    assert other.history == []
    assert not torch.equal(model.weight, torch.zeros(1, 1))
