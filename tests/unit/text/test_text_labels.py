"""Labels to words of the vocabulary."""

import pytest

from weft.text.label_words import label_to_word_ids

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
def test_a_label_is_read_as_products_are(label: str, words: list[str]) -> None:
    assert label_to_word_ids(label, IDS) == [IDS[word] for word in words]


@pytest.mark.parametrize(
    ("label", "word"),
    [("Tunics", "tunic"), ("Dress", "dresses"), ("Sleeve", "sleeves"), ("Ladies", "lady"), ("Ties", "tie")],
)
def test_the_other_number_stands_in(label: str, word: str) -> None:
    assert label_to_word_ids(label, IDS) == [IDS[word]]


@pytest.mark.parametrize("label", ["Tshirts", "tshirt", "T-shirt", "t shirts"])
def test_the_same_letters_with_another_hyphen_stand_in(label: str) -> None:
    assert label_to_word_ids(label, IDS) == [IDS["t-shirts"]]


def test_the_parts_of_an_unknown_compound_stand_in() -> None:
    assert label_to_word_ids("Tie-up neck", IDS) == [IDS["tie"], IDS["neck"]]


def test_unknown_words_and_function_words_are_left_out() -> None:
    assert label_to_word_ids("a navy bandhgala with the blue", {**IDS, "with": 99}) == [IDS["navy"], IDS["blue"]]
    assert label_to_word_ids("Lehenga 2", IDS) == []


def test_an_exact_word_comes_before_its_stand_ins() -> None:
    assert label_to_word_ids("Tops", {"top": 0, "tops": 1}) == [1]
