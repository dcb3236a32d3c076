"""Labels become words of the vocabulary."""

import pytest

from weft.text.label_words import find_label_words, label_to_word_ids

WORDS = """
flip flops v-neck neck t-shirts tunic dresses navy blue three quarter sleeves scarf lady tie
"""
IDS = {word: number for number, word in enumerate(WORDS.split())}


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("Flip Flops", ["flip", "flops"]),
        ("flip-flops", ["flip", "flops"]),
        ("V Neck", ["v-neck"]),
        ("V-Neck", ["v-neck"]),
        ("Three-Quarter Sleeves", ["three", "quarter", "sleeves"]),
        ("Navy Blue", ["navy", "blue"]),
        ("Blue blue", ["blue"]),
    ],
)
def test_a_label_is_tokenised_as_products_are(label: str, words: list[str]) -> None:
    assert label_to_word_ids(label, IDS) == [IDS[word] for word in words]


@pytest.mark.parametrize(
    ("label", "word"),
    [("Tunics", "tunic"), ("Dress", "dresses"), ("Sleeve", "sleeves"), ("Ladies", "lady"), ("Ties", "tie")],
)
def test_plural_or_singular_replaces_an_unknown_word(label: str, word: str) -> None:
    assert label_to_word_ids(label, IDS) == [IDS[word]]


@pytest.mark.parametrize("label", ["Tshirts", "tshirt", "T-shirt", "t shirts"])
def test_the_same_letters_with_another_hyphen_replace_an_unknown_word(label: str) -> None:
    assert label_to_word_ids(label, IDS) == [IDS["t-shirts"]]


def test_its_parts_replace_an_unknown_compound() -> None:
    assert label_to_word_ids("Tie-up neck", IDS) == [IDS["tie"], IDS["neck"]]


def test_unknown_words_and_stop_words_are_left_out() -> None:
    assert label_to_word_ids("a navy bandhgala with the blue", {**IDS, "with": 99}) == [IDS["navy"], IDS["blue"]]
    assert label_to_word_ids("Lehenga 2", IDS) == []


def test_an_exact_word_comes_before_its_replacements() -> None:
    assert label_to_word_ids("Tops", {"top": 0, "tops": 1}) == [1]


@pytest.mark.parametrize(
    ("label", "words", "unknown"),
    [
        ("No Sleeves", ["sleeves"], ["no"]),
        ("Navy Sleeves without Neck", ["navy", "sleeves", "neck"], ["without"]),
        ("Tunic for a Lady", ["tunic", "lady"], []),
        ("Mandarin Neck", ["neck"], ["mandarin"]),
        ("Keyhole-Neck", ["neck"], ["keyhole"]),
        ("Tie-Neck", ["tie", "neck"], []),
        ("Off-Shoulder", [], ["off", "shoulder"]),
    ],
)
def test_the_words_of_a_label_that_the_vocabulary_lacks_are_named(
    label: str, words: list[str], unknown: list[str]
) -> None:
    found = find_label_words(label, IDS)
    assert (found.word_ids, found.unknown) == ([IDS[word] for word in words], unknown)
