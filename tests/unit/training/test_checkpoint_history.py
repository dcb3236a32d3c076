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

    def make(fingerprint="mine", keep_best_by="val_loss"):
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
            keep_best_by,
        ), model

    return make


def run_epochs(checkpoints, model, losses):
    """Weights at epoch n are n."""
    for epoch, loss in enumerate(losses):
        nn.init.constant_(model.weight, epoch)
        checkpoints.end_epoch(EpochMetrics(epoch, 1.0, loss, math.nan, math.nan, 0.1))


@pytest.mark.parametrize(("keep_best_by", "kept"), [("val_loss", 1), ("last", 2)])
def test_the_weights_of_the_kept_epoch_are_kept(open_checkpoints, keep_best_by, kept):
    checkpoints, model = open_checkpoints(keep_best_by=keep_best_by)
    run_epochs(checkpoints, model, [5.0, 4.0, 4.5])
    assert float(checkpoints.best_weights["weight"].detach()) == kept


def test_early_stopping_counts_the_epochs_since_the_best_one_by_the_criterion(open_checkpoints):
    by_loss, _ = open_checkpoints("loss")
    by_retrieval, _ = open_checkpoints("retrieval", keep_best_by="val_map_at_r")
    for epoch, (loss, map_at_r) in enumerate([(5.0, 0.2), (4.0, 0.5), (3.0, 0.4), (2.0, 0.3)]):
        for checkpoints in (by_loss, by_retrieval):
            checkpoints.end_epoch(EpochMetrics(epoch, 1.0, loss, map_at_r, math.nan, 0.1))
            assert epoch == 3 or not checkpoints.is_finished(9, patience=2)
    assert not by_loss.is_finished(9, patience=2)
    assert by_retrieval.is_finished(9, patience=2)


def test_the_best_weights_do_not_move_with_the_model(open_checkpoints):
    checkpoints, model = open_checkpoints()
    run_epochs(checkpoints, model, [1.0])
    nn.init.constant_(model.weight, 9)
    assert float(checkpoints.best_weights["weight"].detach()) == 0


def test_reopened_checkpoints_restore_the_training(open_checkpoints):
    checkpoints, model = open_checkpoints()
    run_epochs(checkpoints, model, [5.0, 4.0, 4.5])
    again, model = open_checkpoints()
    assert str(again.history) == str(checkpoints.history)
    assert float(model.weight.detach()) == 2
    assert float(again.best_weights["weight"].detach()) == 1
    again.end_epoch(EpochMetrics(3, 1.0, 4.2, math.nan, math.nan, 0.1))
    assert float(again.best_weights["weight"].detach()) == 1


def test_checkpoints_of_another_training_are_ignored(open_checkpoints):
    checkpoints, model = open_checkpoints()
    run_epochs(checkpoints, model, [5.0])
    other, model = open_checkpoints("another")
    assert other.history == []
    assert not torch.equal(model.weight, torch.zeros(1, 1))
