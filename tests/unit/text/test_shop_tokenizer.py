"""Texts of any language become tokens by the rules of each piece's script and by the shop's own words."""

import string
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.text import segmenters
from weft.text.scripts import find_script, split_by_script
from weft.text.shop_tokenizer import ShopTokenizer
from weft.text.tokenize import tokenize

LANGUAGES = ("ar", "da", "de", "en", "es", "fr", "it", "ja", "ko", "nb", "nl", "pt", "ru", "sv", "th", "tr", "zh")
MIXED_TEXT = st.text(
    string.ascii_letters + string.digits + " -'.İIéßäโำ้น้ำ가나블랙원피스을를ネック裙領のデニムмáًأ%", max_size=40
)


@pytest.fixture(autouse=True)
def _no_segmenter_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segmenters, "is_installed", lambda code: code == "")


def _tokenize(language: str, text: str, shop_texts: Iterable[str] = ()) -> list[str]:
    tokenizer = ShopTokenizer(language)
    for shop_text in shop_texts:
        tokenizer.count(shop_text)
    return tokenizer.tokenize(text)


@pytest.mark.parametrize(
    ("language", "text", "tokens"),
    [
        ("zh", "100%棉2019年新款", ["100", "棉", "2019", "年新款"]),
        ("zh", "V领女装", ["v领女装"]),
        ("ko", "2way백 980G셔츠", ["2way", "백", "980g", "셔츠"]),
        ("ko", "V-넥 니트[블랙]", ["v넥", "니트", "블랙"]),
        ("ko", "COLOR블랙", ["color", "블랙"]),
        ("ja", "ボア裏地のコート", ["ボア", "裏地", "の", "コート"]),
        ("en", "nice 니트2팩", ["nice", "니트", "2", "팩"]),
        ("th", "น้ำเงิน", ["น้ำเงิน"]),
        ("ar", "قَمِيص أحمر", ["قميص", "احمر"]),
        ("tr", "ISPARTA İpek", ["ısparta", "ipek"]),
        ("fr", "L'été d'une robe, aujourd'hui", ["été", "une", "robe", "aujourd'hui"]),
        ("it", "dell'abito", ["abito"]),
        ("en", "l'amour", ["l'amour"]),
    ],
)
def test_pieces_are_cut_by_their_script(language: str, text: str, tokens: list[str]) -> None:
    assert _tokenize(language, text) == tokens


def test_a_korean_particle_is_cut_where_the_rest_stands_alone() -> None:
    shop_texts = ["원피스"] * 6 + ["고양이"]
    assert _tokenize("ko", "원피스를 고양이", shop_texts) == ["원피스", "고양이"]
    assert _tokenize("ko", "원피스를", ["원피스"]) == ["원피스를"]


def test_a_korean_compound_is_split_into_words_that_stand_alone_more_often() -> None:
    shop_texts = ["블랙 원피스"] * 5 + ["블랙원피스"]
    assert _tokenize("ko", "블랙원피스를 블랙원피스", shop_texts) == ["블랙", "원피스"] * 2
    assert _tokenize("ko", "티셔츠", ["티셔츠"] * 9 + ["셔츠 티"] * 5) == ["티셔츠"]


def test_a_korean_syllable_that_begins_many_compounds_is_a_part() -> None:
    shop_texts = ["패딩 코트 다운"] * 6 + ["롱패딩 롱코트 롱다운"]
    assert _tokenize("ko", "롱패딩", shop_texts) == ["롱", "패딩"]


def test_a_german_compound_is_split_with_its_linking_element() -> None:
    shop_texts = ["Alltag Hose Jeans Jacke kurze kurzer kurzes Arm Shirt"] * 6
    assert _tokenize("de", "Alltagshose", shop_texts) == ["alltag", "hose"]
    assert _tokenize("de", "Jeansjacken", shop_texts) == ["jeans", "jacke"]
    assert _tokenize("de", "Kurzarmshirt", shop_texts) == ["kurz", "arm", "shirt"]


def test_the_forms_of_a_word_become_its_shortest_frequent_spelling() -> None:
    assert _tokenize("de", "schwarzes schwarzen", ["schwarz schwarze schwarzer"] * 3) == ["schwarz", "schwarz"]
    assert _tokenize("fr", "robes longues", ["robe robes longue longues"] * 3) == ["robe", "longue"]
    assert _tokenize("de", "gestreifte", ["gestreifte gestreifter gestreiftes"] * 3) == ["gestreift"]


def test_a_stop_word_is_neither_changed_nor_a_part_of_a_compound() -> None:
    assert _tokenize("de", "einen Stoff", ["ein eine einer Stoff"] * 9) == ["einen", "stoff"]


@given(MIXED_TEXT)
def test_english_is_cut_as_before_except_for_scripts_without_spaces(text: str) -> None:
    alphabetic = "".join(character for character in text if find_script(character) == "alphabet")
    assert _tokenize("en", alphabetic, [alphabetic]) == tokenize(alphabetic)


@given(st.text("abz09-'가을블ネ裙領é", max_size=30))
def test_a_token_taken_apart_by_script_keeps_all_its_letters(text: str) -> None:
    for token in tokenize(text):
        kept = "".join(split_by_script(token))
        assert kept.replace("-", "").replace("'", "") == token.replace("-", "").replace("'", "")


@settings(max_examples=50)
@given(st.sampled_from(LANGUAGES), st.lists(MIXED_TEXT, max_size=4))
def test_no_letter_of_a_shop_text_is_invented_and_tokens_are_never_empty(language: str, texts: list[str]) -> None:
    tokenizer = ShopTokenizer(language)
    for text in texts:
        tokenizer.count(text)
    for text in texts:
        tokens = tokenizer.tokenize(text)
        assert all(tokens)
        assert tokens == tokenizer.tokenize(text)
        assert tokens == [token for _, found in tokenizer.iter_cuts(text) for token in found]


def test_a_missing_segmenter_is_named_with_what_to_install() -> None:
    tokenizer = ShopTokenizer("ja")
    tokenizer.tokenize("ワンピース")
    assert tokenizer.missing == [
        "Japanese texts are cut only where the script changes, because sudachipy is not installed; "
        "to find their words, run: pip install 'weft[ja]'"
    ]
    assert tokenizer.describe_cutters() == {"ja": "script changes"}
