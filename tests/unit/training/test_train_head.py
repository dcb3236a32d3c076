import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from run_contexts import KilledError, in_folder

from weft.errors import ModelError, ParamsError
from weft.loss.full_softmax import full_softmax
from weft.model.embedder import Embedder
from weft.training.head_init import init_word_embeddings, rms_norm
from weft.training.lr_schedule import LRSchedule, build_optimizer
from weft.training.objective import Objective, build_sampler, export_head_weights
from weft.training.train_head import CachedEmbeddings, train_head

VOCABULARY = 6


def kill_after(epoch):
    def report(record, cost):
        if record.epoch == epoch:
            raise KilledError

    return report


def ignore_report(record, cost):
    pass


def test_w_learns_the_words_that_z_encodes(tmp_path, cached, train_head_settings):
    reported = []
    train, val = cached(60, seed=1), cached(20, seed=2)
    fitted, history = train_head(
        train,
        val,
        VOCABULARY,
        *train_head_settings(epochs=8),
        in_folder(tmp_path),
        on_epoch_end=lambda *epoch: reported.append(epoch),
    )
    assert history[0].val_loss == pytest.approx(math.log(VOCABULARY), rel=0.05)
    assert history[-1].val_loss < 0.8 * history[0].val_loss
    assert [record.epoch for record in history] == list(range(9))
    assert [record.epoch for record, _ in reported] == [record.epoch for record in history]
    photos = np.flatnonzero(val.bags.sizes)
    scores = torch.from_numpy(val.z[photos].astype(np.float32)) @ fitted["words"].T
    assert scores[:, :4].argmax(1).tolist() == [val.bags[photo][0] for photo in photos]


@pytest.mark.parametrize("loss", ["full_softmax", "sampled_softmax"])
@pytest.mark.parametrize(("optimizer", "schedule"), [("sgd", "plateau"), ("adamw", "one_cycle")])
def test_a_resumed_training_equals_an_uninterrupted_one(
    tmp_path, cached, train_head_settings, loss, optimizer, schedule
):
    settings = train_head_settings(loss=loss, optimizer=optimizer, lr_schedule=schedule, targets="sampled_word")
    parts = cached(30, seed=1), cached(12, seed=2), VOCABULARY, *settings
    words, history = train_head(*parts, in_folder(tmp_path / "whole"), on_epoch_end=ignore_report)
    for epoch in (1, 3):
        with pytest.raises(KilledError):
            train_head(*parts, in_folder(tmp_path / "killed"), on_epoch_end=kill_after(epoch))
    resumed, of_resumed = train_head(*parts, in_folder(tmp_path / "killed"), on_epoch_end=ignore_report)
    assert resumed["words"].equal(words["words"])
    assert str(of_resumed) == str(history)


@pytest.mark.parametrize("changed", ["settings", "train_z", "val"])
def test_a_checkpoint_of_other_inputs_is_not_used(tmp_path, cached, train_head_settings, changed):
    train, val, settings = cached(30, seed=1), cached(12, seed=2), train_head_settings()
    with pytest.raises(KilledError):
        train_head(train, val, VOCABULARY, *settings, in_folder(tmp_path / "state"), on_epoch_end=kill_after(2))
    if changed == "settings":
        settings = train_head_settings(seed=2)
    elif changed == "train_z":
        train = replace(train, z=train.z * np.float16(1.5))
    else:
        val = cached(12, seed=3)
    words, _ = train_head(train, val, VOCABULARY, *settings, in_folder(tmp_path / "state"), on_epoch_end=ignore_report)
    anew, _ = train_head(train, val, VOCABULARY, *settings, in_folder(tmp_path / "anew"), on_epoch_end=ignore_report)
    assert words["words"].equal(anew["words"])


def test_embeddings_that_stay_on_the_device_give_the_same_w(tmp_path, cached, train_head_settings, monkeypatch):
    parts = cached(30, seed=1), cached(12, seed=2), VOCABULARY, *train_head_settings(loss="sampled_softmax")
    streamed, _ = train_head(*parts, in_folder(tmp_path / "streamed"), on_epoch_end=ignore_report)
    monkeypatch.setattr("weft.training.train_head.fits_on_gpu", lambda num_bytes, device: True)
    monkeypatch.setattr("weft.training.stored_embeddings._COPIED_AT_ONCE", 7)
    resident, _ = train_head(*parts, in_folder(tmp_path / "resident", workers=3), on_epoch_end=ignore_report)
    assert resident["words"].equal(streamed["words"])


def test_a_compiled_step_gives_the_same_w(tmp_path, cached, train_head_settings):
    parts = cached(30, seed=1), cached(12, seed=2), VOCABULARY, *train_head_settings(epochs=1)
    plain, _ = train_head(*parts, in_folder(tmp_path / "plain"), on_epoch_end=ignore_report)
    compiled, _ = train_head(*parts, in_folder(tmp_path / "c", compile_backend="eager"), on_epoch_end=ignore_report)
    torch.testing.assert_close(compiled["words"], plain["words"])


def test_out_of_memory_names_the_batch_size_that_fits(tmp_path, cached, train_head_settings, monkeypatch):
    def full_softmax_in_little_memory(z, *arguments):
        if len(z) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        return full_softmax(z, *arguments)

    monkeypatch.setattr("weft.training.objective.full_softmax", full_softmax_in_little_memory)
    parts = cached(30, seed=1), cached(12, seed=2), VOCABULARY, *train_head_settings(batch_size=20)
    with pytest.raises(
        ParamsError, match=r"lower train_head.batch_size = 20 to 5, which fits, or choose training.loss"
    ):
        train_head(*parts, in_folder(tmp_path), on_epoch_end=ignore_report)


LOSSES = {
    "full_softmax": {"targets": "sampled_word", "sampling": {"inverse_frequency_exponent": 0.5}},
    "sampled_softmax": {
        "loss": {
            "name": "sampled_softmax",
            "logq_correction": True,
            "negative_distribution": "unigram",
            "share_negatives_in_batch": True,
        }
    },
    "binary_cross_entropy": {
        "loss": "binary_cross_entropy",
        "logits": {"name": "dot_product", "word_bias": True},
    },
    "contrastive": {"loss": "contrastive", "logits": {"name": "cosine", "temperature": 1.0}},
}


@pytest.mark.parametrize("loss", LOSSES)
def test_training_on_cached_embeddings_equals_training_through_the_encoder(
    tmp_path, toy, cached, train_head_settings, loss
):
    """The uncached loop, written out: every photo through the encoder at every step."""
    settings, bags = train_head_settings(epochs=3, **LOSSES[loss]), cached(30, seed=1).bags
    photos = torch.randint(256, (30, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    model = toy().eval()
    model.encoder.requires_grad_(False)
    with torch.no_grad():
        z = model(photos).numpy()
    fitted, _ = train_head(
        CachedEmbeddings(z, bags, np.arange(30)),
        replace(cached(0, 1), z=z[:0]),
        VOCABULARY,
        *settings,
        in_folder(tmp_path),
        on_epoch_end=ignore_report,
    )

    training, stage = settings
    bias = torch.zeros(VOCABULARY, 1) if training.logits.word_bias else None
    words = init_word_embeddings(z, VOCABULARY, training.logits, training.seed)
    model = Embedder(model.encoder, words, bias=bias).eval()
    sampler = build_sampler(bags, VOCABULARY, training)
    objective = Objective(training.loss, training.logits, bags.count_words(VOCABULARY))
    optimizer = build_optimizer([(model.head_parameters(), stage.optimizer.head_lr)], stage.optimizer)
    schedule = LRSchedule(optimizer, stage.lr_schedule, stage.epochs, sampler.count_steps(stage.batch_size))
    for epoch in range(1, stage.epochs + 1):
        generator = torch.Generator().manual_seed(training.seed * 1_000_003 + epoch)
        for batch in sampler.sample_epoch(epoch, stage.batch_size):
            optimizer.zero_grad()
            objective(model(photos[batch.photo_indices]), model, objective.prepare(batch, generator)).backward()
            optimizer.step()
            schedule.step_batch()
    expected = export_head_weights(model.words.detach(), training.logits, rms_norm(z))
    torch.testing.assert_close(fitted["words"], expected, rtol=0, atol=1e-6)
    if bias is not None:
        torch.testing.assert_close(fitted["bias"], model.bias.detach(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_learns_the_words_that_z_encodes(tmp_path, cached, train_head_settings, loss):
    train, val = cached(60, seed=1), cached(20, seed=2)
    settings = train_head_settings(epochs=8, **LOSSES[loss])
    fitted, _ = train_head(train, val, VOCABULARY, *settings, in_folder(tmp_path), on_epoch_end=ignore_report)
    assert ("bias" in fitted) == settings.training.logits.word_bias
    photos = np.flatnonzero(val.bags.sizes)
    scores = torch.from_numpy(val.z[photos].astype(np.float32)) @ fitted["words"].T
    assert scores[:, :4].argmax(1).tolist() == [val.bags[photo][0] for photo in photos]


def test_words_that_were_never_sampled_keep_their_initial_embedding(tmp_path, cached, train_head_settings):
    """Of 500 words the photos say 6 and a step draws 3: with momentum and weight decay the others do not move."""
    for optimizer in ("sgd", "adamw"):
        settings = train_head_settings(
            loss={"name": "sampled_softmax", "share_negatives_in_batch": True},
            optimizer=optimizer,
            lr_schedule="cosine",
            epochs=1,
        )
        train, val = cached(12, seed=1), cached(0, seed=1)
        fitted, _ = train_head(train, val, 500, *settings, in_folder(tmp_path / optimizer), on_epoch_end=ignore_report)
        moved = (
            fitted["words"] != init_word_embeddings(train.z, 500, settings.training.logits, settings.training.seed)
        ).any(1)
        assert 6 <= moved.sum() <= 6 + 3 * 3


@pytest.mark.parametrize("scale", [1e-3, 1.0, 100.0])
@pytest.mark.parametrize("vocabulary", [6, 30_000])
def test_the_initial_loss_is_the_log_of_the_vocabulary_size_for_any_norm_of_z(
    tmp_path, cached, train_head_settings, scale, vocabulary
):
    train, val = cached(30, seed=1), cached(12, seed=2)
    train, val = (replace(part, z=(part.z * scale).astype(np.float16)) for part in (train, val))
    settings = train_head_settings(epochs=1, optimizer={"name": "adamw", "head_lr": 1e-9})
    _, history = train_head(train, val, vocabulary, *settings, in_folder(tmp_path), on_epoch_end=ignore_report)
    assert history[0].val_loss == pytest.approx(math.log(vocabulary), rel=0.05)
    assert history[1].train_loss == pytest.approx(math.log(vocabulary), rel=0.05)


def test_an_initial_loss_far_from_uniform_is_rejected(tmp_path, cached, train_head_settings):
    """At this low temperature the predictions of a random W are far from uniform."""
    settings = train_head_settings(logits={"name": "cosine", "temperature": 0.001})
    expected_message = r"expected an initial loss within 5% of ln 6 = 1\.792, got .*raise training\.logits\.temperature"
    with pytest.raises(ModelError, match=expected_message):
        train_head(
            cached(60, seed=1),
            cached(12, seed=2),
            VOCABULARY,
            *settings,
            in_folder(tmp_path),
            on_epoch_end=ignore_report,
        )


def test_extreme_norms_of_embeddings_are_named_in_the_error(tmp_path, cached, train_head_settings):
    """Every other photo has a huge norm, and none of these is in the sample from which the norm of z is estimated."""
    train, val = cached(2_048, seed=1), cached(12, seed=2)
    z = train.z.astype(np.float32)
    z[::2] /= 100
    z[1::2] *= 10_000
    with pytest.raises(
        ModelError, match=r"the norms of the embeddings are 0\.01.* to 2.*e\+04.*look in data/features for photos"
    ):
        train_head(
            replace(train, z=z.astype(np.float16)),
            val,
            VOCABULARY,
            *train_head_settings(),
            in_folder(tmp_path),
            on_epoch_end=ignore_report,
        )


def test_without_val_photos_the_last_epoch_is_kept(tmp_path, cached, train_head_settings):
    train, nothing = cached(30, seed=1), cached(0, seed=1)
    _, history = train_head(
        train, nothing, VOCABULARY, *train_head_settings(), in_folder(tmp_path), on_epoch_end=ignore_report
    )
    assert all(math.isnan(record.val_loss) for record in history)
    assert history[-1].train_loss < history[1].train_loss


def test_without_epochs_w_keeps_its_initial_value(tmp_path, cached, train_head_settings):
    """Both stages at once: finetune then starts from a random W."""
    train, val = cached(20, seed=1), cached(10, seed=2)
    fitted, history = train_head(
        train, val, VOCABULARY, *train_head_settings(epochs=0), in_folder(tmp_path), on_epoch_end=ignore_report
    )
    assert [record.epoch for record in history] == [0]
    assert fitted["words"].std() > 0
    assert history[0].val_loss == pytest.approx(math.log(VOCABULARY), rel=0.05)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("devices", [("cpu", "cuda"), ("cuda", "cpu"), ("cuda", "cuda")], ids=" to ".join)
def test_a_training_continues_on_another_device(tmp_path, cached, train_head_settings, devices):
    parts = cached(30, seed=1), cached(12, seed=2), VOCABULARY, *train_head_settings()
    _, whole = train_head(*parts, in_folder(tmp_path / "whole"), on_epoch_end=ignore_report)
    first, second = (in_folder(tmp_path / "moved", device=device) for device in devices)
    with pytest.raises(KilledError):
        train_head(*parts, first, on_epoch_end=kill_after(2))
    _, moved = train_head(*parts, second, on_epoch_end=ignore_report)
    assert [record.val_loss for record in moved] == pytest.approx([record.val_loss for record in whole], rel=1e-3)
