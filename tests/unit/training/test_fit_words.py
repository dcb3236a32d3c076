import math

import numpy as np
import pytest
import torch

from weft.data.samplers import Sampler
from weft.loss.full_softmax import full_softmax
from weft.training.first_words import first_words
from weft.training.fit_words import CachedPhotos, fit_words
from weft.training.schedule import Schedule, build_optimizer

VOCABULARY = 6


class KilledError(Exception):
    """Stands for a kill -9 between two epochs."""


def kill_after(epoch):
    def report(record, cost):
        if record.epoch == epoch:
            raise KilledError

    return report


def quiet(record, cost):
    pass


def test_word_embeddings_learn_what_z_tells(tmp_path, cached, fit_words_settings):
    told = []
    train, val = cached(60, seed=1), cached(20, seed=2)
    fitted, history = fit_words(
        train, val, VOCABULARY, fit_words_settings(epochs=8), "cpu", tmp_path, lambda *epoch: told.append(epoch)
    )
    assert history[0].val_loss == pytest.approx(math.log(VOCABULARY), rel=0.05)
    assert history[-1].val_loss < 0.8 * history[0].val_loss
    assert [record.epoch for record in history] == list(range(9))
    assert [record for record, _ in told] == history[1:]
    photos = np.flatnonzero(val.bags.sizes)
    scores = torch.from_numpy(val.z[photos].astype(np.float32)) @ fitted["words"].T
    assert scores[:, :4].argmax(1).tolist() == [val.bags[photo][0] for photo in photos]


@pytest.mark.parametrize("loss", ["full_softmax", "sampled_softmax"])
@pytest.mark.parametrize(("optimizer", "schedule"), [("sgd", "plateau"), ("adamw", "one_cycle")])
def test_a_killed_training_ends_as_one_never_killed(tmp_path, cached, fit_words_settings, loss, optimizer, schedule):
    settings = fit_words_settings(loss=loss, optimizer=optimizer, schedule=schedule, target="one_word")
    parts = cached(30, seed=1), cached(12, seed=2), VOCABULARY, settings, "cpu"
    words, history = fit_words(*parts, tmp_path / "whole", quiet)
    for epoch in (1, 3):
        with pytest.raises(KilledError):
            fit_words(*parts, tmp_path / "killed", kill_after(epoch))
    resumed, of_resumed = fit_words(*parts, tmp_path / "killed", quiet)
    assert resumed["words"].equal(words["words"])
    assert str(of_resumed) == str(history)


@pytest.mark.parametrize("changed", ["settings", "train_z", "val"])
def test_a_checkpoint_of_other_inputs_is_not_used(tmp_path, cached, fit_words_settings, changed):
    train, val, settings = cached(30, seed=1), cached(12, seed=2), fit_words_settings()
    with pytest.raises(KilledError):
        fit_words(train, val, VOCABULARY, settings, "cpu", tmp_path / "state", kill_after(2))
    if changed == "settings":
        settings = fit_words_settings(seed=2)
    elif changed == "train_z":
        train = CachedPhotos(train.z * np.float16(1.5), train.bags)
    else:
        val = cached(12, seed=3)
    words, _ = fit_words(train, val, VOCABULARY, settings, "cpu", tmp_path / "state", quiet)
    anew, _ = fit_words(train, val, VOCABULARY, settings, "cpu", tmp_path / "anew", quiet)
    assert words["words"].equal(anew["words"])


def test_cached_embeddings_train_as_the_encoder_in_eval_mode_does(tmp_path, toy, cached, fit_words_settings):
    """The uncached loop, written out: every photo through the encoder at every step."""
    settings, bags = fit_words_settings(epochs=3), cached(30, seed=1).bags
    photos = torch.randint(256, (30, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    model = toy().eval()
    model.encoder.requires_grad_(False)
    with torch.no_grad():
        z = model(photos).numpy()
    start, _ = fit_words(
        CachedPhotos(z, bags), CachedPhotos(z[:0], cached(0, 1).bags), VOCABULARY, settings, "cpu", tmp_path, quiet
    )

    model.words.data = first_words(z, VOCABULARY, settings)
    sampler = Sampler(bags, VOCABULARY, settings.target, settings.balance, settings.seed)
    optimizer = build_optimizer([([model.words], settings.word_learning_rate)], settings)
    schedule = Schedule(optimizer, settings, sampler.steps(settings.batch_size))
    for epoch in range(1, settings.epochs + 1):
        for batch in sampler.epoch(epoch, settings.batch_size):
            optimizer.zero_grad()
            targets, weights = torch.from_numpy(batch.targets), torch.from_numpy(batch.weights)
            full_softmax(model(photos[batch.photos]), model.words, targets, weights).backward()
            optimizer.step()
            schedule.after_step()
    torch.testing.assert_close(start["words"], model.words.detach(), rtol=0, atol=1e-6)


def test_without_val_photos_the_last_epoch_wins(tmp_path, cached, fit_words_settings):
    train, nothing = cached(30, seed=1), cached(0, seed=1)
    _, history = fit_words(train, nothing, VOCABULARY, fit_words_settings(), "cpu", tmp_path, quiet)
    assert all(math.isnan(record.val_loss) for record in history)
    assert history[-1].train_loss < history[1].train_loss


def test_the_first_training_loss_is_close_to_the_log_of_the_vocabulary(tmp_path, cached, fit_words_settings):
    settings = fit_words_settings(epochs=1, word_learning_rate=1e-9)
    _, history = fit_words(cached(30, 1), cached(12, 2), VOCABULARY, settings, "cpu", tmp_path, quiet)
    assert history[1].train_loss == pytest.approx(math.log(VOCABULARY), rel=0.05)


def test_early_stop_ends_after_epochs_in_vain(tmp_path, cached, fit_words_settings):
    ruinous = fit_words_settings(
        epochs=9, early_stop=2, optimizer="sgd", schedule="plateau", patience=9, word_learning_rate=1e4
    )
    _, history = fit_words(cached(30, 1), cached(12, 2), VOCABULARY, ruinous, "cpu", tmp_path, quiet)
    best = min(range(len(history)), key=lambda epoch: history[epoch].val_loss)
    assert len(history) - 1 - best == 2
