import numpy as np
import pytest

from weft.serve.photo_tags import CalibratedTagger
from weft.tagging.thresholds import CalibratedWords


class FakeHead:
    """Gives each calibrated word the score that a test names."""

    def __init__(self, *scores):
        self.scores = np.array([scores])

    def score(self, _):
        return self.scores


@pytest.fixture
def tagger(catalogue, tmp_path):
    """A tagger with thresholds for the words 1 and 3."""
    tagger = CalibratedTagger(catalogue.model, tmp_path)
    numbers = np.array([0.0, 0.0])
    words = CalibratedWords(np.array([1, 3]), numbers, numbers + 1, numbers, numbers + 0.8)
    tagger.calibration = words, FakeHead(-1.0, 2.0)
    return tagger


def test_words_that_reach_their_threshold_come_first_with_their_probability(tagger, catalogue, upload):
    embedding = catalogue.embed(upload("red")["photo"][1])
    first, *others = tagger.tag(embedding, 99)
    assert (first.word, first.is_predicted) == (catalogue.model.words[3], True)
    assert first.probability == pytest.approx(1 / (1 + np.exp(-2)))
    assert [tag.score for tag in others] == sorted((tag.score for tag in others), reverse=True)
    assert {tag.word: tag.is_predicted for tag in others}[catalogue.model.words[1]] is False
    assert [tag.word for tag in others if tag.probability is not None] == [catalogue.model.words[1]]


def test_a_broken_calibration_leaves_out_probabilities_and_says_so(catalogue, tmp_path, upload, capsys):
    (tmp_path / "calibration.json").write_text("{}")
    tagger = CalibratedTagger(catalogue.model, tmp_path)
    assert "probabilities of tags are left out" in capsys.readouterr().err
    tags = tagger.tag(catalogue.embed(upload("red")["photo"][1]), 3)
    assert [tag.probability for tag in tags] == [None] * 3
