"""Text becomes tokens."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.tokenize import is_word, tokenize, tokenize_query, tokenize_words

_SHOP_TEXT = st.lists(
    st.sampled_from(
        ["T", "t", "v", "u", "shirt", "Neck", "necked", "-", " ", "'", "’", "s", "Ω", "é", "é", "ﬁ", "क", "ि"]
    )
    | st.sampled_from(["5", "½", "²", "_", "\u00ad", "\u2011", "\u200d", "İ", "ß", "¯", "中", "up", "&", "."]),
    max_size=25,
).map("".join)


@given(_SHOP_TEXT | st.text())
def test_a_query_is_cut_as_texts_are_by_nltk(text: str) -> None:
    assert tokenize_query(text) == tokenize(text)


def test_words_come_in_order_with_repeats_in_lower_case() -> None:
    assert tokenize_words("Red shirt, RED collar") == ["red", "shirt", "red", "collar"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Flip-Flops", ["flip", "flops"]),
        ("Three-Quarter Sleeves", ["three", "quarter", "sleeves"]),
        ("hook-and-eye", ["hook", "and", "eye"]),
        ("off-white", ["off", "white"]),
    ],
)
def test_a_compound_equals_its_spelling_with_spaces(text: str, words: list[str]) -> None:
    assert tokenize_words(text) == tokenize_words(text.replace("-", " ")) == words


@pytest.mark.parametrize("text", ["V-neck", "v neck", "V - Neck", "v\u2011neck"])
def test_v_neck_is_one_word_however_it_is_written(text: str) -> None:
    assert tokenize_words(text) == ["v-neck"]


@pytest.mark.parametrize("word", ["t-shirt", "t-shirts", "a-line", "lace-up", "lace-ups", "slip-on", "v-neckline"])
def test_a_compound_with_a_part_that_cannot_stand_alone_is_kept(word: str) -> None:
    assert tokenize_words(word) == [word]


def test_a_letter_before_another_word_is_not_joined() -> None:
    assert tokenize("a neck and a shirt, size m shirt") == ["a", "neck", "and", "a", "shirt", "size", "m", "shirt"]


def test_tshirts_is_not_t_shirts() -> None:
    assert tokenize_words("Tshirts t-shirts") == ["tshirts", "t-shirts"]


def test_a_letter_word_inside_a_longer_compound_is_kept() -> None:
    assert tokenize_words("t-shirt-style") == ["t-shirt", "style"]


@pytest.mark.parametrize("apostrophe", ["'", "’", "ʼ", "`"])
def test_possessives_are_removed_and_contractions_stay(apostrophe: str) -> None:
    text = "men's ladies' don't o'clock".replace("'", apostrophe)
    assert tokenize_words(text) == ["men", "ladies", "don't", "o'clock"]


def test_numbers_and_codes_are_tokens_but_no_words() -> None:
    assert tokenize("100% T20 3-in-1 18-inch 2XL") == ["100", "t20", "3", "in", "1", "18", "inch", "2xl"]
    assert tokenize_words("100% T20 2XL cotton") == ["cotton"]


def test_letters_of_any_script_with_their_marks_make_words() -> None:
    assert tokenize_words("हिन्दी शर्ट рубашка naïve 연한") == ["हिन्दी", "शर्ट", "рубашка", "naïve", "연한"]


def test_compatible_characters_are_one_word() -> None:
    assert tokenize_words("ﬁt ＦＩＴ fit cafe\u0301 caf\u00e9 soft\u00adshell") == [
        "fit",
        "fit",
        "fit",
        "café",
        "café",
        "softshell",
    ]


@given(st.text() | _SHOP_TEXT)
def test_tokens_of_any_text_are_normal_lower_case_words(text: str) -> None:
    for token in tokenize_words(text):
        assert token == unicodedata.normalize("NFKC", token.lower())
        assert any(letter.isalpha() for letter in token)
        assert is_word(token)
        assert not set(token) & set(" _\t\n")


@given(st.text() | _SHOP_TEXT)
def test_tokens_of_tokens_are_the_same(text: str) -> None:
    once = tokenize_words(text)
    assert tokenize_words("\n".join(once)) == once
