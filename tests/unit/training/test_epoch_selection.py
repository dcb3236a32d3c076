import math
from itertools import pairwise

import pytest

from weft.training.epoch_selection import find_kept_epoch, summarize_training
from weft.training.history import EpochMetrics

NAN = math.nan


def make_history(losses, map_at_r=(), tag_precision=()):
    rows = [
        (loss, *(values[epoch] if epoch < len(values) else NAN for values in (map_at_r, tag_precision)))
        for epoch, loss in enumerate(losses)
    ]
    return [EpochMetrics(epoch, NAN if epoch == 0 else 1.0, *row, 0.1) for epoch, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("losses", "best"),
    [
        ([5.0, 4.0, 3.0, 3.5], (2, "val_loss")),
        ([3.0, 4.0, 5.0], (0, "val_loss")),
        ([3.0, 3.0, 3.0], (0, "val_loss")),
        ([5.0, 4.0, NAN, 4.5], (1, "val_loss")),
        ([NAN, NAN, NAN], (2, "last")),
        ([5.0, math.inf], (0, "val_loss")),
    ],
    ids=["lowest", "untrained", "first_of_equals", "diverged", "no_val_photos", "infinite"],
)
def test_the_epoch_with_the_lowest_val_loss_is_kept(losses, best):
    assert find_kept_epoch(make_history(losses), "val_loss") == best


@pytest.mark.parametrize(
    ("keep_best_by", "kept"),
    [("val_map_at_r", 2), ("val_tag_precision", 1), ("val_loss", 0), ("last", 3)],
)
def test_each_criterion_keeps_its_own_best_epoch(keep_best_by, kept):
    history = make_history([4.0, 4.5, 5.0, 6.0], [0.2, 0.3, 0.5, 0.4], [0.6, 0.8, 0.7, 0.5])
    assert find_kept_epoch(history, keep_best_by) == (kept, keep_best_by)


def test_of_epochs_of_equal_value_the_one_with_the_lowest_val_loss_is_kept():
    assert find_kept_epoch(make_history([5.0, 4.0, 4.5], [1.0, 1.0, 1.0]), "val_map_at_r") == (1, "val_map_at_r")


def test_an_epoch_whose_metric_is_not_finite_is_not_kept():
    assert find_kept_epoch(make_history([5.0, 4.0, NAN], [0.2, 0.3, NAN]), "val_map_at_r") == (1, "val_map_at_r")


def test_without_queries_val_loss_chooses_the_epoch():
    assert find_kept_epoch(make_history([5.0, 4.0, 4.5]), "val_map_at_r") == (1, "val_loss")


@pytest.mark.parametrize("keep_best_by", ["val_map_at_r", "val_tag_precision", "val_loss", "last"])
@pytest.mark.parametrize(
    "map_at_r", [[0.2, NAN, 0.1, 0.4], [NAN, NAN, 0.3, 0.2], [0.3, 0.3, 0.3, 0.3]], ids=["hole", "late", "equal"]
)
def test_a_new_epoch_is_kept_or_leaves_the_kept_epoch_as_it_was(keep_best_by, map_at_r):
    """The weights of earlier epochs are gone, so that no earlier epoch can become the kept one later."""
    history = make_history([5.0, 4.0, 4.5, 3.0], map_at_r, [0.5, 0.4, 0.6, NAN])
    kept = [find_kept_epoch(history[: length + 1], keep_best_by)[0] for length in range(4)]
    assert all(now in (before, epoch) for epoch, (before, now) in enumerate(pairwise(kept), 1))


def test_the_summary_holds_the_metrics_before_training_and_of_the_kept_epoch():
    summary = summarize_training("finetune", make_history([5.0, 6.0], [0.25, 0.5], [0.5, NAN]), "val_map_at_r")
    assert (summary.kept_epoch, summary.epochs, summary.improved) == (1, 1, True)
    assert summary.before_training == {"val_loss": 5.0, "val_map_at_r": 0.25, "val_tag_precision": 0.5}
    assert summary.kept == {"val_loss": 6.0, "val_map_at_r": 0.5, "val_tag_precision": None}


def test_a_stage_that_keeps_the_untrained_weights_did_not_improve():
    summary = summarize_training("finetune", make_history([5.0, 6.0], [0.5, 0.25]), "val_map_at_r")
    assert (summary.kept_epoch, summary.improved) == (0, False)


@pytest.mark.parametrize(("map_at_r", "improved"), [([0.25, 0.5], True), ([0.5, 0.25], False)])
def test_the_last_epoch_improved_if_any_metric_did(map_at_r, improved):
    assert summarize_training("finetune", make_history([5.0, 6.0], map_at_r), "last").improved is improved
