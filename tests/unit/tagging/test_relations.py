import numpy as np
import pytest

from weft.tagging.tag_scores import rows_of_words
from weft.tagging.word_relations import Lexicon, lacking, stem

WORDS = ("shirt", "shirts", "sweatshirt", "sneakers", "shoes", "crimson", "red", "blue", "men", "women")
WORD_IDS = {word: number for number, word in enumerate(WORDS)}


@pytest.fixture
def lexicon():
    """Who says sneakers says shoes; crimson looks as red does; red and blue, men and women never go together."""
    texts = [
        "red shirt men",
        "blue shirts women",
        "red sneakers shoes men",
        "blue shoes women",
        "crimson sweatshirt",
    ] * 20
    w = np.eye(len(WORDS), dtype=np.float32)
    w[WORD_IDS["crimson"], WORD_IDS["red"]] = 1.0
    bags = rows_of_words(([WORD_IDS[word] for word in text.split()] for text in texts), len(WORDS))
    return Lexicon(WORDS, w, bags, bags)


def list_flagged_words(flags):
    return {word for word, flag in zip(WORDS, flags, strict=True) if flag}


def test_numbers_and_spellings_are_the_same_word(lexicon):
    assert list_flagged_words(lexicon.of(WORD_IDS["shirt"]).same) == {"shirt", "shirts"}
    assert len({stem(word) for word in ("t-shirt", "tshirt", "tshirts", "t-shirts")}) == 1
    assert [stem(word) for word in ("dress", "dresses", "watches", "bus", "accessories", "mens")] == [
        "dress", "dress", "watch", "bus", "accessory", "men",
    ]  # fmt: skip


def test_compounds_synonyms_and_what_implies_the_word_are_near(lexicon):
    assert "sweatshirt" in list_flagged_words(lexicon.of(WORD_IDS["shirt"]).near)
    assert "crimson" in list_flagged_words(lexicon.of(WORD_IDS["red"]).near)
    assert "sneakers" in list_flagged_words(lexicon.of(WORD_IDS["shoes"]).near)
    assert "shoes" not in list_flagged_words(lexicon.of(WORD_IDS["sneakers"]).near)


def test_women_are_no_kind_of_men(lexicon):
    assert "women" not in list_flagged_words(lexicon.of(WORD_IDS["men"]).near)
    assert "women" in list_flagged_words(lexicon.of(WORD_IDS["men"]).rivals)


def test_tags_that_never_stand_together_are_rivals(lexicon):
    assert {"blue"} <= list_flagged_words(lexicon.of(WORD_IDS["red"]).rivals)
    assert "red" not in list_flagged_words(lexicon.of(WORD_IDS["red"]).rivals)
    assert "men" not in list_flagged_words(lexicon.of(WORD_IDS["red"]).rivals)


def test_products_that_lack_all_of_some_words():
    bags = rows_of_words([[0, 2], [1], []], 3)
    assert lacking(bags, np.array([0, 1, 2]), np.array([True, False, False])).tolist() == [False, True, True]
    assert lacking(bags, np.array([2]), np.array([True, True, True])).tolist() == [True]


def test_a_word_said_twice_counts_once():
    assert rows_of_words([[3, 3, 1]], 5).toarray().tolist() == [[0, 1, 0, 1, 0]]
