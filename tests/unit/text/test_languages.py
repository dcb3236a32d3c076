"""The language files can be read, and the language of a shop is found from its texts."""

from typing import get_args

import pytest

from weft.params.crawl import Language
from weft.text.detect_language import detect_language
from weft.text.languages import AUTO, LANGUAGE_CODES, load_language, normalise_code
from weft.text.tokenize import tokenize

FASHION_WORDS = (
    "lang",
    "kurz",
    "haut",
    "bas",
    "largo",
    "corto",
    "alto",
    "lungo",
    "上",
    "下",
    "袖",
    "裙",
    "包",
    "핏",
    "울",
)


@pytest.mark.parametrize("code", LANGUAGE_CODES)
def test_each_word_of_a_list_is_one_token_and_no_fashion_word(code: str) -> None:
    language = load_language(code)
    words = language.function_words | language.trade_words
    assert words
    assert words.isdisjoint(FASHION_WORDS)
    if code == "en":
        return
    assert [word for word in words if tokenize(word) != [word] and code != "th"] == []


@pytest.mark.parametrize(
    ("tag", "code"),
    [("de-AT", "de"), ("pt_BR", "pt"), ("no", "nb"), ("ZH-Hant", "zh"), ("pl", None), ("", None), (None, None)],
)
def test_a_tag_becomes_a_known_code_or_none(tag: str | None, code: str | None) -> None:
    assert normalise_code(tag) == code


def test_params_offer_the_languages_that_have_a_file() -> None:
    assert set(get_args(Language)) == {AUTO, *LANGUAGE_CODES}


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected one of the languages en, .*, got 'xx'"):
        load_language("xx")


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("en", ["Red dress with a belt", "Blue shirt for men", "The long skirt"]),
        ("en", ["Nike Air Max 90", "Zara Top"]),
        ("en", []),
        ("en", ["Leather boots black"] * 98 + ["Crème de la Mer"]),
        ("de", ["Schwarze Weste mit Reißverschluss für Damen", "Hose aus Leder", "Kleid mit Gürtel und Kragen"]),
        ("fr", ["Robe longue avec ceinture", "Chemise à manches courtes pour femme", "Pull en laine"]),
        ("es", ["Vestido de mujer con cinturón", "Camisa de manga larga para hombre", "Falda con bolsillos"]),
        ("it", ["Vestito da donna con cintura", "Camicia a maniche lunghe per uomo", "Gonna di lana"]),
        ("nl", ["Jurk met riem voor dames", "Broek van leer", "Trui met een kraag"]),
        ("pt", ["Vestido com cinto para mulher", "Camisa de manga comprida", "Saia com bolsos"]),
        ("sv", ["Klänning med bälte för dam", "Byxor av läder", "Tröja med krage och fickor"]),
        ("ko", ["블랙 원피스 ONE SIZE", "베이직 티셔츠"]),
        ("ja", ["黒のワンピース", "デニムパンツ"]),
        ("zh", ["卫衣女2019韩版宽松", "新款时尚运动鞋"]),
        ("ru", ["Платье с поясом", "Рубашка мужская"]),
        ("th", ["เสื้อยืดคอกลม", "กระโปรงยาว"]),
    ],
)
def test_the_language_of_a_few_titles_is_found(code: str, texts: list[str]) -> None:
    assert detect_language(texts) == code
