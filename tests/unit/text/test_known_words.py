"""A word that a vocabulary lacks is cut into words that it has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.known_words import cut_into_known_words
from weft.text.label_words import label_to_word_ids

VOCABULARY = [
    "블랙",
    "원피스",
    "울",
    "검정",
    "裙",
    "针织",
    "ワンピース",
    "ネック",
    "kurz",
    "arm",
    "shirt",
    "alltag",
    "hose",
    "v넥",
]
WORD_TO_ID = {word: number for number, word in enumerate(VOCABULARY)}


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("블랙원피스", ["블랙", "원피스"]),
        ("블랙원피스를", ["블랙", "원피스"]),
        ("울은", ["울"]),
        ("서울", []),
        ("검정색원피스", ["검정", "원피스"]),
        ("针织半身裙", ["针织", "裙"]),
        ("ロングワンピース", ["ワンピース"]),
        ("kurzarmshirt", ["kurz", "arm", "shirt"]),
        ("alltagshose", ["alltag", "hose"]),
        ("armband", []),
        ("t-shirts", []),
    ],
)
def test_the_parts_are_words_of_the_vocabulary(word: str, parts: list[str]) -> None:
    assert cut_into_known_words(word, VOCABULARY) == parts


@given(st.text("블랙원피스울서kurzamsh裙针ワンピー", max_size=80))
def test_parts_are_known_and_stand_in_the_word_in_their_order(word: str) -> None:
    position = 0
    for part in cut_into_known_words(word, VOCABULARY):
        assert part in VOCABULARY
        position = word.index(part, position) + len(part)


def test_a_label_of_several_scripts_is_read_word_by_word() -> None:
    read = [VOCABULARY[number] for number in label_to_word_ids("2팩 V넥 블랙원피스 SHIRT", WORD_TO_ID)]
    assert read == ["v넥", "블랙", "원피스", "shirt"]


def test_a_compound_in_an_alphabet_is_split_only_on_request() -> None:
    assert label_to_word_ids("Kurzarmshirt", WORD_TO_ID) == []
    assert label_to_word_ids("Kurzarmshirt", WORD_TO_ID, split_compounds=True) == [8, 9, 10]
    assert label_to_word_ids("l'hose", WORD_TO_ID, split_compounds=True) == [12]
