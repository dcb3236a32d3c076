"""What stages and commands write to standard error."""

from pathlib import Path

from weft.progress import log_outcome, progress_bar


def test_the_last_line_of_a_stage_has_its_first_counts_and_the_place_of_the_results(capsys):
    log_outcome("clean", Path("data/clean"), {"products": 1200.0, "dropped_words": 3.0, "share": 0.25})
    assert capsys.readouterr().err == "clean: products 1,200, dropped words 3, share 0.25; results in data/clean\n"


def test_a_stage_without_counts_says_that_it_is_done(capsys):
    log_outcome("finetune", Path("models/embedder"))
    assert capsys.readouterr().err == "finetune: done; results in models/embedder\n"


def test_short_work_shows_no_progress_if_it_is_delayed(capsys):
    assert list(progress_bar(range(3), "read photos", unit="photos", delay=60.0)) == [0, 1, 2]
    assert capsys.readouterr().err == ""
    assert list(progress_bar(range(3), "read photos", unit="photos")) == [0, 1, 2]
    assert capsys.readouterr().err == "read photos: 3 photos in 0 s\n"
