from dataclasses import asdict, replace

import pytest
import torch
from run_contexts import in_folder
from torch import nn

from weft.training.epoch_selection import find_kept_epoch
from weft.training.finetune import finetune
from weft.training.train_head import train_head
from weft.training_summary import VAL_METRICS

VOCABULARY = 6


def ignore_report(record, cost):
    pass


def get_val_metrics(record):
    return {name: asdict(record)[name] for name in VAL_METRICS}


@pytest.mark.parametrize("keep_best_by", ["val_map_at_r", "val_tag_precision", "val_loss", "last"])
def test_finetune_ends_with_the_weights_of_the_best_epoch(tmp_path, train, val, toy, finetune_settings, keep_best_by):
    """Measuring the model once more, without training, gives the metrics of the kept epoch."""
    model, settings = toy(), finetune_settings(epochs=3, batch_size=8, keep_best_by=keep_best_by)
    history = finetune(train, val, model, *settings, in_folder(tmp_path / "a"), on_epoch_end=ignore_report)
    kept = history[find_kept_epoch(history, keep_best_by)[0]]
    no_training = finetune_settings(epochs=0, batch_size=8)
    again = finetune(train, val, model, *no_training, in_folder(tmp_path / "b"), on_epoch_end=ignore_report)
    assert get_val_metrics(again[0]) == pytest.approx(get_val_metrics(kept))


@pytest.mark.parametrize("keep_best_by", ["val_tag_precision", "val_loss", "last"])
def test_train_head_ends_with_the_weights_of_the_best_epoch(
    tmp_path, cached, train_head_settings, keep_best_by, monkeypatch
):
    train, val = cached(60, seed=1), cached(20, seed=2)
    settings = train_head_settings(epochs=4, keep_best_by=keep_best_by)
    reported = {}

    def remember(record, timing):
        reported[record.epoch] = record

    fitted, history = train_head(train, val, VOCABULARY, *settings, in_folder(tmp_path / "a"), on_epoch_end=remember)
    kept, _ = find_kept_epoch(history, keep_best_by)
    shorter = replace(settings.stage, keep_best_by="last")
    monkeypatch.setattr(
        "weft.training.checkpoint.CheckpointManager.is_finished", lambda manager, *_: len(manager.history) > kept
    )
    expected, _ = train_head(
        train, val, VOCABULARY, settings.training, shorter, in_folder(tmp_path / "b"), on_epoch_end=ignore_report
    )
    assert fitted["words"].equal(expected["words"])
    assert list(reported.values()) == history


def test_every_epoch_is_measured_by_retrieval_and_tagging(tmp_path, train, val, toy, finetune_settings):
    settings = finetune_settings(epochs=6, batch_size=8)
    history = finetune(train, val, toy(), *settings, in_folder(tmp_path), on_epoch_end=ignore_report)
    assert history[-1].val_tag_precision > history[0].val_tag_precision
    assert history[-1].val_tag_precision == pytest.approx(2 / 5)  # a photo has two words
    assert all(0 <= record.val_map_at_r <= 1 for record in history)


def test_w_does_not_change_how_photos_are_retrieved(tmp_path, cached, train_head_settings):
    parts = cached(60, seed=1), cached(20, seed=2), VOCABULARY
    _, history = train_head(*parts, *train_head_settings(), in_folder(tmp_path), on_epoch_end=ignore_report)
    assert len({record.val_map_at_r for record in history}) == 1
    assert history[-1].val_tag_precision > history[0].val_tag_precision


def test_photos_are_compared_by_the_z_that_the_final_model_has(tmp_path, train, val, toy, finetune_settings):
    """The projection is zero: if it is discarded, the backbone's own z still tells the photos apart."""

    def measure(name, model, **changes):
        settings = finetune_settings(epochs=0, batch_size=8, **changes)
        return finetune(train, val, model, *settings, in_folder(tmp_path / name), on_epoch_end=ignore_report)[0]

    found = {}
    for discards in (False, True):
        model = toy()
        model.projection, model.words = nn.Parameter(torch.zeros(3, 8)), nn.Parameter(torch.zeros(VOCABULARY, 3))
        found[discards] = measure(str(discards), model, discard_projection_head=discards).val_map_at_r
    without_projection = measure("plain", toy()).val_map_at_r
    assert found[True] == without_projection
    assert found[False] != without_projection
