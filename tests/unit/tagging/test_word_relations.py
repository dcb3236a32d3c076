import numpy as np
import pytest

from weft.bags import build_word_bags
from weft.tagging.word_relations import WordRelationFinder, contains_none, stem

WORDS = ("shirt", "shirts", "sweatshirt", "sneakers", "shoes", "crimson", "red", "blue", "men", "women")
WORD_IDS = {word: number for number, word in enumerate(WORDS)}


@pytest.fixture
def finder():
    """Sneakers implies shoes; crimson looks like red; red and blue, men and women never occur together."""
    texts = [
        "red shirt men",
        "blue shirts women",
        "red sneakers shoes men",
        "blue shoes women",
        "crimson sweatshirt",
    ] * 20
    w = np.eye(len(WORDS), dtype=np.float32)
    w[WORD_IDS["crimson"], WORD_IDS["red"]] = 1.0
    bags = build_word_bags([WORD_IDS[word] for word in text.split()] for text in texts).to_csr(len(WORDS))
    return WordRelationFinder(WORDS, w, bags, bags)


def list_flagged_words(flags):
    return {word for word, flag in zip(WORDS, flags, strict=True) if flag}


def test_plurals_and_other_spellings_are_variants(finder):
    assert list_flagged_words(finder.find(WORD_IDS["shirt"]).variants) == {"shirt", "shirts"}
    assert len({stem(word) for word in ("t-shirt", "tshirt", "tshirts", "t-shirts")}) == 1
    assert [stem(word) for word in ("dress", "dresses", "watches", "bus", "accessories", "mens")] == [
        "dress", "dress", "watch", "bus", "accessory", "men",
    ]  # fmt: skip


def test_compounds_synonyms_and_words_that_imply_the_word_are_related(finder):
    assert "sweatshirt" in list_flagged_words(finder.find(WORD_IDS["shirt"]).related)
    assert "crimson" in list_flagged_words(finder.find(WORD_IDS["red"]).related)
    assert "sneakers" in list_flagged_words(finder.find(WORD_IDS["shoes"]).related)
    assert "shoes" not in list_flagged_words(finder.find(WORD_IDS["sneakers"]).related)


def test_women_is_not_a_compound_of_men(finder):
    assert "women" not in list_flagged_words(finder.find(WORD_IDS["men"]).related)
    assert "women" in list_flagged_words(finder.find(WORD_IDS["men"]).exclusive)


def test_tags_that_never_occur_together_are_exclusive(finder):
    assert {"blue"} <= list_flagged_words(finder.find(WORD_IDS["red"]).exclusive)
    assert "red" not in list_flagged_words(finder.find(WORD_IDS["red"]).exclusive)
    assert "men" not in list_flagged_words(finder.find(WORD_IDS["red"]).exclusive)


def test_contains_none_finds_products_without_any_of_the_words():
    bags = build_word_bags([[0, 2], [1], []]).to_csr(3)
    assert contains_none(bags, np.array([0, 1, 2]), np.array([True, False, False])).tolist() == [False, True, True]
    assert contains_none(bags, np.array([2]), np.array([True, True, True])).tolist() == [True]
