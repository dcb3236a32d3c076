import math

from weft.training.history import EpochMetrics, EpochTiming, get_loggable_metrics, log_epoch, write_history

NAN = float("nan")
TIMING = EpochTiming(10.0, 0.5, 1234.5, 1.25)


def test_the_history_file_depends_only_on_its_records(tmp_path):
    records = [
        EpochMetrics(0, NAN, 8.5, 0.25, 0.5, 0.002),
        EpochMetrics(1, 1 / 3, 2 / 3, NAN, NAN, 2e-9, 5, 70),
    ]
    write_history(tmp_path / "a.csv", records)
    write_history(tmp_path / "b.csv", records)
    assert (tmp_path / "a.csv").read_text() == (
        "epoch,train_loss,val_loss,val_map_at_r,val_tag_precision,learning_rate,max_photo_repeats,num_capped_photos\n"
        "0,,8.5,0.25,0.5,0.002,0,0\n1,0.333333,0.666667,,,2e-09,5,70\n"
    )
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_an_epoch_is_logged_in_one_line(capsys):
    log_epoch("finetune", EpochMetrics(2, 3.25, 4.5, 0.25, 0.5, 0.001), TIMING)
    assert capsys.readouterr().err == (
        "finetune, epoch 2: train loss 3.250, val loss 4.500, val mAP@R 0.2500, val tag precision 0.5000, "
        "1,234 photos/s, 10 s, of which 0.5 s waiting for photos, then 1.2 s on val\n"
    )


def test_the_model_before_training_is_logged_with_its_val_metrics(capsys):
    log_epoch("finetune", EpochMetrics(0, NAN, 4.5, 0.25, 0.5, 0.001), TIMING)
    assert capsys.readouterr().err == (
        "finetune, before training: val loss 4.500, val mAP@R 0.2500, val tag precision 0.5000, measured in 1.2 s\n"
    )


def test_repeated_and_capped_photos_are_logged(capsys):
    log_epoch("finetune", EpochMetrics(2, 3.25, 4.5, 0.25, 0.5, 0.001, 10, 1_234), TIMING)
    assert capsys.readouterr().err.endswith("on val, at most 10 repeats of a photo (1,234 photos capped)\n")


def test_only_finite_numbers_are_logged_to_mlflow():
    before = get_loggable_metrics(EpochMetrics(0, NAN, 4.5, 0.25, 0.5, 0.001), TIMING)
    assert before.keys() == {
        *("epoch", "val_loss", "val_map_at_r", "val_tag_precision"),
        *("learning_rate", "max_photo_repeats", "num_capped_photos"),
    }
    after = get_loggable_metrics(EpochMetrics(1, 3.25, 4.5, NAN, 0.5, 0.001), TIMING)
    assert {"train_loss", "seconds", "val_seconds"} < after.keys()
    assert "val_map_at_r" not in after
    assert all(math.isfinite(value) for value in (before | after).values())
