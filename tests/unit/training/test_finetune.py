from dataclasses import replace

import pytest
import torch
from run_contexts import KilledError, in_folder

from weft.errors import ModelError, ParamsError
from weft.training.finetune import finetune


def ignore_report(record, cost):
    pass


DIVERGING = {"name": "sgd", "backbone_lr": 50.0, "head_lr": 50.0}
SLOW_FIRST_BLOCKS = {"name": "sgd", "momentum": 0.0, "weight_decay": 0.0, "layerwise_lr_decay": 1e-6}


def copy_weights(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def have_equal_tensors(one, other):
    return all(one[name].equal(other[name]) for name in one)


def test_training_lowers_the_validation_loss(tmp_path, train, val, toy, finetune_settings):
    model = toy()
    settings = finetune_settings(epochs=6, batch_size=8)
    history = finetune(train, val, model, *settings, in_folder(tmp_path), on_epoch_end=ignore_report)
    assert [record.epoch for record in history] == list(range(7))
    assert history[-1].val_loss < 0.8 * history[0].val_loss
    model.eval()
    photos = torch.from_numpy(val.store.decode(torch.arange(8).numpy()))
    assert model.score(model(photos))[:, :4].argmax(1).tolist() == [0, 1, 2, 3] * 2


@pytest.mark.parametrize("changes", [{"optimizer": "sgd", "lr_schedule": "plateau", "loss": "sampled_softmax"}, {}])
def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path, train, val, toy, finetune_settings, changes):
    settings = finetune_settings(batch_size=8, epochs=3, **changes)
    whole, killed = toy(), toy()
    history = finetune(train, val, whole, *settings, in_folder(tmp_path / "whole", 2), on_epoch_end=ignore_report)

    def kill_after_2(record, cost):
        if record.epoch == 2:
            raise KilledError

    with pytest.raises(KilledError):
        finetune(train, val, killed, *settings, in_folder(tmp_path / "killed", 2), on_epoch_end=kill_after_2)
    resumed = toy()
    torch.rand(100)  # another process has drawn other numbers by then
    of_resumed = finetune(train, val, resumed, *settings, in_folder(tmp_path / "killed"), on_epoch_end=ignore_report)
    assert str(of_resumed) == str(history)
    assert have_equal_tensors(copy_weights(resumed), copy_weights(whole))


@pytest.mark.parametrize("changed", ["settings", "weights", "photos"])
def test_a_checkpoint_of_other_inputs_is_not_used(tmp_path, train, val, stored, toy, finetune_settings, changed):
    def kill(record, cost):
        raise KilledError

    settings, model = finetune_settings(batch_size=16, epochs=1), toy()
    with pytest.raises(KilledError):
        finetune(train, val, toy(), *settings, in_folder(tmp_path), on_epoch_end=kill)
    if changed == "settings":
        settings = finetune_settings(batch_size=16, epochs=1, seed=2)
    elif changed == "weights":
        torch.nn.init.normal_(model.words)
    else:
        train = replace(train, store=stored("other", 33).store)
        train.store.digest = lambda: "other photos with the same words"
    reported = []
    finetune(
        train,
        val,
        model,
        *settings,
        in_folder(tmp_path),
        on_epoch_end=lambda record, cost: reported.append(record.epoch),
    )
    assert reported == [0, 1]


def test_the_model_ends_with_the_weights_of_its_best_epoch(tmp_path, train, val, toy, finetune_settings):
    model = toy()
    first = copy_weights(model)
    settings = finetune_settings(epochs=1, batch_size=8, optimizer=DIVERGING)
    history = finetune(train, val, model, *settings, in_folder(tmp_path), on_epoch_end=ignore_report)
    assert not history[1].val_loss < history[0].val_loss
    assert have_equal_tensors(first, copy_weights(model))


def test_frozen_modules_keep_their_weights(tmp_path, train, val, toy, finetune_settings):
    model = toy()
    before = copy_weights(model)
    settings = finetune_settings(epochs=2, batch_size=8, frozen_modules=("0", "1"))
    finetune(train, val, model, *settings, in_folder(tmp_path), on_epoch_end=ignore_report)
    moved = {name for name, tensor in copy_weights(model).items() if not tensor.equal(before[name])}
    assert moved == {"words", "encoder.3.weight", "encoder.3.bias"}


def test_frozen_batch_norm_keeps_its_statistics_and_learns_its_scale(tmp_path, train, val, toy, finetune_settings):
    model = toy()
    before = copy_weights(model)
    settings = finetune_settings(epochs=2, batch_size=8, freeze_batch_norm=True)
    finetune(train, val, model, *settings, in_folder(tmp_path), on_epoch_end=ignore_report)
    after = copy_weights(model)
    assert after["encoder.1.running_mean"].equal(before["encoder.1.running_mean"])
    assert after["encoder.1.running_var"].equal(before["encoder.1.running_var"])
    assert not after["encoder.1.weight"].equal(before["encoder.1.weight"])


def test_an_unknown_frozen_module_is_named_in_the_error(tmp_path, train, val, toy, finetune_settings):
    with pytest.raises(ModelError, match=r"finetune.frozen_modules: the backbone has no module layer1; it has 0, 1, 2"):
        finetune(
            train,
            val,
            toy(),
            *finetune_settings(frozen_modules=("layer1",)),
            in_folder(tmp_path),
            on_epoch_end=ignore_report,
        )


def test_the_averaged_weights_are_validated_and_kept(tmp_path, train, val, toy, finetune_settings):
    settings = finetune_settings(epochs=2, batch_size=8, ema_decay=0.95)
    averaged, plain = toy(), toy()
    with_average = finetune(train, val, averaged, *settings, in_folder(tmp_path / "a"), on_epoch_end=ignore_report)
    without = finetune(
        train,
        val,
        plain,
        *finetune_settings(epochs=2, batch_size=8),
        in_folder(tmp_path / "b"),
        on_epoch_end=ignore_report,
    )
    assert [r.train_loss for r in with_average] == pytest.approx([r.train_loss for r in without], nan_ok=True)
    assert with_average[2].val_loss != without[2].val_loss
    assert not have_equal_tensors(copy_weights(averaged), copy_weights(plain))
    # What is kept is what gave the best val_loss: validating it again gives that very number.
    again = finetune(
        train,
        val,
        averaged,
        *finetune_settings(epochs=1, batch_size=8, ema_decay=0.95),
        in_folder(tmp_path / "c"),
        on_epoch_end=ignore_report,
    )
    assert again[0].val_loss == pytest.approx(min(r.val_loss for r in with_average), abs=1e-6)


def test_early_stopping_ends_after_patience_epochs_and_keeps_the_best(tmp_path, train, val, toy, finetune_settings):
    model = toy()
    first = copy_weights(model)
    settings = finetune_settings(
        epochs=9, batch_size=8, optimizer=DIVERGING, lr_schedule={"name": "plateau", "patience": 9},
        early_stopping_patience=2,
    )  # fmt: skip
    history = finetune(train, val, model, *settings, in_folder(tmp_path), on_epoch_end=ignore_report)
    assert [record.epoch for record in history] == [0, 1, 2]
    assert have_equal_tensors(first, copy_weights(model))


def test_early_stopping_does_not_stop_while_val_loss_falls(tmp_path, train, val, toy, finetune_settings):
    settings = finetune_settings(epochs=4, batch_size=8, early_stopping_patience=1)
    assert len(finetune(train, val, toy(), *settings, in_folder(tmp_path), on_epoch_end=ignore_report)) == 5


def test_first_blocks_move_less_when_rates_decay_by_layer(tmp_path, train, val, toy, finetune_settings):
    model = toy()
    before = copy_weights(model)
    settings = finetune_settings(epochs=1, batch_size=8, optimizer=SLOW_FIRST_BLOCKS)
    finetune(train, val, model, *settings, in_folder(tmp_path), on_epoch_end=ignore_report)
    moved = {name: float((tensor - before[name]).abs().max()) for name, tensor in copy_weights(model).items()}
    assert moved["encoder.0.weight"] < 1e-6 < moved["encoder.3.weight"]


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_gives_nearly_the_same_val_loss(tmp_path, train, val, toy, finetune_settings, precision):
    settings = finetune_settings(epochs=2, batch_size=8, optimizer={"name": "adamw", "backbone_lr": 0.001})
    whole = finetune(train, val, toy(), *settings, in_folder(tmp_path / "whole"), on_epoch_end=ignore_report)
    half = finetune(
        train,
        val,
        toy(),
        settings.training,
        replace(settings.stage, amp_dtype=precision),
        in_folder(tmp_path / "half"),
        on_epoch_end=ignore_report,
    )
    assert half[-1].val_loss == pytest.approx(whole[-1].val_loss, rel=0.02)
    assert half[-1].val_loss != whole[-1].val_loss


def test_a_compiled_encoder_gives_the_same_val_loss(tmp_path, train, val, toy, finetune_settings):
    settings = finetune_settings(epochs=1, batch_size=8)
    plain, compiled = toy(), toy()
    history = finetune(train, val, plain, *settings, in_folder(tmp_path / "a"), on_epoch_end=ignore_report)
    again = finetune(
        train, val, compiled, *settings, in_folder(tmp_path / "b", compile_backend="eager"), on_epoch_end=ignore_report
    )
    assert again[1].val_loss == pytest.approx(history[1].val_loss, abs=1e-5)
    assert set(copy_weights(compiled)) == set(copy_weights(plain))


def test_the_number_of_workers_does_not_change_the_weights(tmp_path, train, val, toy, finetune_settings):
    settings, one, many = finetune_settings(epochs=1, batch_size=8, augmentation={"min_crop_scale": 0.5}), toy(), toy()
    finetune(train, val, one, *settings, in_folder(tmp_path / "one"), on_epoch_end=ignore_report)
    finetune(train, val, many, *settings, in_folder(tmp_path / "many", 5), on_epoch_end=ignore_report)
    assert have_equal_tensors(copy_weights(one), copy_weights(many))


def test_out_of_memory_names_the_settings_to_lower(tmp_path, train, val, toy, finetune_settings):
    model = toy()

    def greedy(module, photos):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    model.register_forward_pre_hook(greedy)
    with pytest.raises(ParamsError, match=r"lower finetune.batch_size = 8, or prepare.height and prepare.width"):
        finetune(train, val, model, *finetune_settings(batch_size=8), in_folder(tmp_path), on_epoch_end=ignore_report)


@pytest.mark.parametrize(
    ("loss", "advice"),
    [
        (
            {},
            "lower finetune.batch_size = 16 to 4, which fits, or set finetune.accumulate to 4; or lower prepare.height",
        ),
        (
            {"bag_similarity": {"weight": 1.0}},
            "lower finetune.batch_size = 16 to 4, which fits; or lower prepare.height",
        ),
    ],
    ids=["loss of single photos", "loss of pairs of photos"],
)
def test_out_of_memory_names_the_batch_size_that_fits(tmp_path, train, val, toy, finetune_settings, loss, advice):
    model = toy()

    def little_memory(module, photos):
        if module.training and len(photos[0]) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    model.register_forward_pre_hook(little_memory)
    settings = finetune_settings(batch_size=16, **loss)
    with pytest.raises(ParamsError, match=advice):
        finetune(train, val, model, *settings, in_folder(tmp_path), on_epoch_end=ignore_report)


@pytest.mark.parametrize(
    "loss",
    [
        {"loss": "full_softmax"},
        {"loss": "binary_cross_entropy"},
        {"loss": {"name": "sampled_softmax", "share_negatives_in_batch": True}},
        {"loss": {"name": "sampled_softmax", "share_negatives_in_batch": False}},
    ],
    ids=["full_softmax", "binary_cross_entropy", "shared negatives", "negatives per photo"],
)
def test_accumulated_parts_of_a_batch_equal_the_whole_batch(tmp_path, train, val, toy, finetune_settings, loss):
    """Without dropout, and with batch norm that does not see the batch, only rounding differs."""
    ends, losses = [], []
    for accumulate in (1, 3):
        model = toy()
        model.encoder[7].p = 0.0
        settings = finetune_settings(epochs=1, batch_size=10, freeze_batch_norm=True, accumulate=accumulate, **loss)
        history = finetune(
            train, val, model, *settings, in_folder(tmp_path / str(accumulate)), on_epoch_end=ignore_report
        )
        ends.append(copy_weights(model))
        losses.append(history[1].train_loss)
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    for name, tensor in ends[0].items():
        torch.testing.assert_close(ends[1][name], tensor, rtol=0, atol=1e-5)


def test_the_time_spent_waiting_for_photos_is_reported(tmp_path, train, val, toy, finetune_settings):
    reported = []
    finetune(
        train,
        val,
        toy(),
        *finetune_settings(epochs=1),
        in_folder(tmp_path),
        on_epoch_end=lambda _, cost: reported.append(cost),
    )
    assert 0 <= reported[1].data_wait_seconds <= reported[1].seconds
    assert reported[1].photos_per_second == pytest.approx(33 / reported[1].seconds)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("precision", ["auto", "float16"])
def test_training_on_cuda_lowers_the_validation_loss(tmp_path, train, val, toy, finetune_settings, precision):
    settings = finetune_settings(epochs=4, batch_size=8, amp_dtype=precision, ema_decay=0.5, loss="sampled_softmax")
    history = finetune(train, val, toy(), *settings, in_folder(tmp_path, device="cuda"), on_epoch_end=ignore_report)
    assert history[-1].val_loss < history[0].val_loss


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("devices", [("cpu", "cuda"), ("cuda", "cpu"), ("cuda", "cuda")], ids=" to ".join)
def test_a_training_continues_on_another_device(tmp_path, train, val, toy, finetune_settings, devices):
    """The losses of epochs that ran on a GPU differ by the order of its sums: they agree to three digits."""
    changes = {"epochs": 3, "batch_size": 8, "amp_dtype": "float32", "ema_decay": 0.5}
    settings = finetune_settings(loss={"name": "sampled_softmax", "logq_correction": True}, **changes)

    def kill_after_2(record, cost):
        if record.epoch == 2:
            raise KilledError

    def make():
        model = toy()
        model.encoder[7].p = 0.0  # A GPU draws other dropout masks.
        return model

    whole = finetune(train, val, make(), *settings, in_folder(tmp_path / "whole"), on_epoch_end=ignore_report)
    first, second = (in_folder(tmp_path / "moved", device=device) for device in devices)
    with pytest.raises(KilledError):
        finetune(train, val, make(), *settings, first, on_epoch_end=kill_after_2)
    moved = finetune(train, val, make(), *settings, second, on_epoch_end=ignore_report)
    assert [record.val_loss for record in moved] == pytest.approx([record.val_loss for record in whole], rel=2e-3)
