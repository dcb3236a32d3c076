import numpy as np
import pytest

pytestmark = pytest.mark.slow


def test_each_photo_is_one_line_with_its_words_best_first(weft, parsed, photos, embed_naively, model_words, w):
    status, lines, _ = weft("tag", photos)
    tagged = parsed(lines)
    assert status == 0
    assert [line["photo"] for line in tagged] == ["a.jpg", "b.jpg", "deep/c.jpg"]
    for line in tagged:
        assert list(line) == ["photo", "words"]
        (scores,) = embed_naively((photos / line["photo"]).read_bytes()) @ w.T
        assert [word["score"] for word in line["words"]] == pytest.approx(sorted(scores, reverse=True), abs=2e-3)
        assert sorted(word["word"] for word in line["words"]) == sorted(model_words)
        for word in line["words"]:
            assert list(word) == ["word", "score"]
            assert word["score"] == pytest.approx(scores[model_words.index(word["word"])], abs=2e-3)


@pytest.mark.parametrize(("k", "expected"), [(1, 1), (3, 3), (99, 8)])
def test_top_k_limits_the_number_of_words(weft, parsed, photos, k, expected):
    (line,) = parsed(weft("tag", photos / "a.jpg", "--top-k", k)[1])
    (whole,) = parsed(weft("tag", photos / "a.jpg")[1])
    assert line["words"] == whole["words"][:expected]


def test_the_score_of_a_label_is_the_mean_of_its_words(weft, parsed, tmp_path, photos, embed_naively, w):
    (tmp_path / "labels.txt").write_text("Red Dress\n\nV Neck\n  blue \nRed Dress\n")
    status, lines, err = weft("tag", photos / "a.jpg", "--labels", tmp_path / "labels.txt")
    (line,) = parsed(lines)
    (scores,) = embed_naively((photos / "a.jpg").read_bytes()) @ w.T
    expected = {"Red Dress": np.mean(scores[[0, 4]]), "V Neck": scores[5], "blue": scores[2]}
    assert status == 0
    assert list(line) == ["photo", "labels"]
    assert {label["label"]: label["score"] for label in line["labels"]} == pytest.approx(expected, abs=2e-3)
    assert [label["score"] for label in line["labels"]] == sorted((x["score"] for x in line["labels"]), reverse=True)
    assert "skipped" not in err


def test_a_label_says_which_of_its_words_counted_and_its_unknown_word_has_a_price(weft, parsed, tmp_path, photos):
    (tmp_path / "labels.txt").write_text("no dress\nred dress\ndress\n")
    status, lines, err = weft("tag", photos / "a.jpg", "--labels", tmp_path / "labels.txt")
    by_label = {line["label"]: line for line in parsed(lines)[0]["labels"]}
    assert status == 0
    assert (by_label["red dress"]["words"], "unknown_words" in by_label["red dress"]) == (["red", "dress"], False)
    assert (by_label["no dress"]["words"], by_label["no dress"]["unknown_words"]) == (["dress"], ["no"])
    assert by_label["no dress"]["score"] != by_label["dress"]["score"]
    assert "the label 'no dress' is scored by dress; the model's vocabulary lacks no" in err


def test_top_k_limits_the_number_of_labels(weft, parsed, tmp_path, photos):
    (tmp_path / "labels.txt").write_text("red\nblue\ngreen\n")
    (line,) = parsed(weft("tag", photos / "a.jpg", "--labels", tmp_path / "labels.txt", "--top-k", 2)[1])
    assert len(line["labels"]) == 2


def test_a_label_without_a_known_word_is_skipped_and_logged(weft, parsed, tmp_path, photos):
    (tmp_path / "labels.txt").write_text("\ufeffred\nspaceship\n", encoding="utf-8")
    status, lines, err = weft("tag", photos / "a.jpg", "--labels", tmp_path / "labels.txt")
    assert status == 0
    assert [label["label"] for label in parsed(lines)[0]["labels"]] == ["red"]
    assert "skipped the label 'spaceship': none of its words is in the model's vocabulary\n" in err


@pytest.mark.parametrize("data", [b"", b"spaceship\nrocket\n"])
def test_labels_without_any_known_word_are_an_error(refused_last, tmp_path, photos, data):
    (tmp_path / "labels.txt").write_bytes(data)
    assert (
        "labels.txt: expected one label per line, got no label with a word of the model's vocabulary"
        in refused_last("tag", photos, "--labels", tmp_path / "labels.txt")
    )


@pytest.fixture
def refused_last(weft):
    """Runs a command that logs what it skips and then fails; returns the last line of standard error."""

    def run(*arguments):
        status, lines, err = weft(*arguments)
        assert (status, lines) == (2, [])
        return err.splitlines()[-1]

    return run


@pytest.mark.parametrize("data", [None, b"\xff\xfe\x00"])
def test_labels_that_cannot_be_read_are_an_error(refused, tmp_path, photos, data):
    if data:
        (tmp_path / "labels.txt").write_bytes(data)
    assert "labels.txt: the labels cannot be read: " in refused("tag", photos, "--labels", tmp_path / "labels.txt")


def test_a_broken_photo_among_good_ones_is_skipped_and_logged(weft, parsed, photos):
    (photos / "a.jpg").write_bytes(b"GIF89a")
    status, lines, err = weft("tag", photos)
    assert status == 0
    assert [line["photo"] for line in parsed(lines)] == ["b.jpg", "deep/c.jpg"]
    assert "skipped a.jpg: cannot be decoded" in err


def test_unusable_input_is_a_one_line_error(refused, tmp_path, photos):
    (photos / "notes.txt").write_text("no photo")
    assert "none: expected a photo, folder, zip or Parquet shard, got a path that does not exist" in refused(
        "tag", tmp_path / "none"
    )
    assert "notes.txt: it holds no photo that can be decoded; the last error was notes.txt: cannot" in refused(
        "tag", photos / "notes.txt"
    )
