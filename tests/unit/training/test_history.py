from weft.training.history import EpochMetrics, EpochTiming, log_epoch, write_history


def test_the_history_file_depends_only_on_its_records(tmp_path):
    records = [EpochMetrics(0, float("nan"), 8.5, 0.002), EpochMetrics(1, 1 / 3, 2 / 3, 2e-9, 5, 70)]
    write_history(tmp_path / "a.csv", records)
    write_history(tmp_path / "b.csv", records)
    assert (tmp_path / "a.csv").read_text() == (
        "epoch,train_loss,val_loss,learning_rate,max_photo_repeats,num_capped_photos\n"
        "0,,8.5,0.002,0,0\n1,0.333333,0.666667,2e-09,5,70\n"
    )
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_an_epoch_is_logged_in_one_line(capsys):
    log_epoch("finetune", EpochMetrics(2, 3.25, 4.5, 0.001), EpochTiming(10.0, 0.5, 1234.5))
    assert capsys.readouterr().err == (
        "finetune, epoch 2: train loss 3.250, val loss 4.500, 1,234 photos/s, 10 s, of which 0.5 s waiting for photos\n"
    )


def test_repeated_and_capped_photos_are_logged(capsys):
    log_epoch("finetune", EpochMetrics(2, 3.25, 4.5, 0.001, 10, 1_234), EpochTiming(10.0, 0.5, 1234.5))
    assert capsys.readouterr().err.endswith("waiting for photos, at most 10 repeats of a photo (1,234 photos capped)\n")
