import numpy as np
import pytest
from aligned_photos import make_eval_photos, make_record

from weft.evaluation import text_retrieval_task
from weft.evaluation.bags import bags_of
from weft.evaluation.inputs import Inputs, Training, Words
from weft.evaluation.outcome import Outcome
from weft.evaluation.tagging_task import word_scorers
from weft.evaluation.text_retrieval_task import asked_words, score_texts_to_products, score_words_to_photos

WORDS = ("red", "dress", "rare")


@pytest.fixture
def inputs(rng):
    """Twelve test products: six red, six dresses, z their words; frozen z noise. Two training photos lend words."""
    bags = [(0,), (1,), (0, 1)] * 4
    records = [make_record("t0", "train", (0,)), make_record("t1", "train", (1,))]
    records += [make_record(f"p{n:02}", "test", bag) for n, bag in enumerate(bags)]
    z = np.array([np.isin(np.arange(3), record.word_ids) for record in records], float)
    # Lengths differ, and must not matter.
    photos = make_eval_photos(records, rng.normal(size=z.shape), z * rng.uniform(0.1, 9, (len(z), 1)))
    identity, none = np.eye(3, dtype=np.float32), np.zeros((3, 1), np.float32)
    words = Words(WORDS, np.array([900, 40, 2]), identity, identity, none, none)
    train = photos.of_split("train")
    return Inputs(photos, words, Training(photos, train, bags_of(r.word_ids for r in photos.records(train))))


def test_words_find_the_photos_whose_text_says_them(inputs, search, monkeypatch):
    monkeypatch.setattr(text_retrieval_task, "LEAST_PHOTOS", 2)
    outcome = Outcome()
    scorers = word_scorers(inputs, inputs.photos.of_split("test"), 1, search)
    score_words_to_photos(inputs, scorers, (1, 4), outcome)
    table = outcome.tables["text_to_photo"]
    assert (table.of, table.photos.tolist()) == ("words", [0, 1])
    # Photos of the word alone come first, then those of both: all right.
    assert table.table()["after finetune"] == {"right_in_1": 1, "right_in_4": 1, "map_at_r": 1}
    assert table.table()["after fit_words"]["map_at_r"] < 1
    assert list(table.gained) == ["frozen backbone, tags of 1 neighbours", "after fit_words", "after finetune"]
    assert outcome.counts["words_asked_for_photos"] == 2


def test_the_whole_text_of_a_product_finds_its_photos(inputs, search):
    outcome = Outcome()
    score_texts_to_products(inputs, {}, (4,), search, outcome)
    table = outcome.tables["text_to_product"]
    # Four products share each text, so that all are among the first four.
    assert table.table()["after finetune"]["recall_at_4"] == 1
    assert len(table) == 12


def test_words_said_of_too_few_photos_or_of_all_are_not_asked():
    bags = bags_of([[0, 1], [0, 1], [0, 2], [0, 2], [0, 2], *[[0, 1, 2]] * 3, *[[0]] * 4])
    assert asked_words(bags, 4).tolist() == [1, 2]


def test_with_many_photos_the_commonest_words_are_asked(monkeypatch):
    bags = bags_of([*[[0, 1]] * 6, *[[1]] * 2, *[[2]] * 5])
    monkeypatch.setattr(text_retrieval_task, "MOST_SCORES", 13)
    assert asked_words(bags, 3).tolist() == [1]
    monkeypatch.setattr(text_retrieval_task, "MOST_SCORES", 26)
    assert asked_words(bags, 3).tolist() == [0, 1]
