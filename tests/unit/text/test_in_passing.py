"""What a description says of other things than its own."""

from typing import Any

import pytest

from weft.text.off_topic import ProductTypeWords, singularize


def _make_product(title: str, *categories: str, **columns: Any) -> dict[str, Any]:
    return {"shop": "alder", "title": title, "brand": None, "categories": list(categories), "attributes": [], **columns}


JEANS = _make_product("Blue jeans", "Men > Jeans")
SHIRT = _make_product("Checked shirt", "Men > Shirts")
SHORTS = _make_product("Khaki shorts", "Men > Shorts")
SHORT_DRESS = _make_product("Short dress", "Women > Dresses")


ALL_WORDS = [
    *["jeans", "jean", "shirt", "shirts", "t-shirt", "tshirts", "shorts", "short"],
    *["shoes", "casual", "men", "dress", "suit", "classic", "blue"],
]
"""What a description may say."""


def _make_product_types(*products: dict[str, Any]) -> ProductTypeWords:
    kinds = ProductTypeWords()
    for product in products:
        kinds.add(product)
    return kinds


def test_other_kinds_are_said_in_passing_and_the_own_is_not() -> None:
    kinds = _make_product_types(JEANS, SHIRT)
    assert kinds.find_off_topic_words(SHIRT, ALL_WORDS) == {"jeans"}
    assert kinds.find_off_topic_words(JEANS, ALL_WORDS) == {"shirt", "shirts"}


def test_a_kind_is_spelled_as_titles_and_categories_spell_it() -> None:
    tee = _make_product("Red t-shirt", "Men > Tshirts")
    kinds = _make_product_types(JEANS, tee)
    assert kinds.find_off_topic_words(JEANS, ALL_WORDS) == {"t-shirt", "tshirts"}
    assert kinds.find_off_topic_words(tee, ALL_WORDS) == {"jeans"}


def test_a_kind_is_the_last_word_of_a_step() -> None:
    assert _make_product_types(_make_product("Loafers", "Casual Shoes"), JEANS).find_off_topic_words(
        JEANS, ALL_WORDS
    ) == {"shoes"}


def test_a_word_that_mostly_stands_in_other_categories_is_no_kind() -> None:
    assert "short" not in _make_product_types(SHORTS, SHORT_DRESS).get_type_words("alder")
    assert "shorts" in _make_product_types(SHORTS, SHORT_DRESS).get_type_words("alder")


@pytest.mark.parametrize(("elsewhere", "is_a_kind"), [(1, True), (2, False)])
def test_two_thirds_of_those_called_so_must_be_of_the_kind(elsewhere: int, is_a_kind: bool) -> None:
    flats = [_make_product("Flats", "Flats"), _make_product("Red flats", "Flats")]
    kinds = _make_product_types(*flats, *[_make_product("Ballerina flats", "Casual Shoes")] * elsewhere)
    assert ("flats" in kinds.get_type_words("alder")) == is_a_kind


def test_what_attributes_say_is_said_of_the_product() -> None:
    suit = _make_product("Linen suit", "Men > Suits", attributes=[{"name": "Parts", "value": "Jeans"}])
    assert "jeans" not in _make_product_types(JEANS, suit).find_off_topic_words(suit, ALL_WORDS)


def test_without_categories_nothing_is_in_passing() -> None:
    assert not _make_product_types(JEANS, SHIRT).find_off_topic_words(_make_product("Checked shirt"), ALL_WORDS)


def test_the_step_of_a_brand_names_no_kind() -> None:
    classic = _make_product("Classic polo", "Brands > Classic", brand="Classic")
    assert "classic" not in _make_product_types(classic, SHIRT).get_type_words("alder")


def test_only_what_the_description_says_is_in_passing() -> None:
    assert _make_product_types(JEANS, SHIRT).find_off_topic_words(SHIRT, ["blue", "shirt", "cotton"]) == set()


def test_every_shop_has_its_own_kinds() -> None:
    kinds = _make_product_types(JEANS, {**SHIRT, "shop": "birch"})
    assert kinds.get_type_words("alder") == {"jeans", "men"}
    assert kinds.get_type_words("birch") == {"shirt", "shirts", "men"}
    assert not kinds.get_type_words("cedar")


@pytest.mark.parametrize(
    ("word", "one"),
    [
        *[("jeans", "jean"), ("t-shirts", "tshirt"), ("dresses", "dress"), ("watches", "watch"), ("dress", "dress")],
        *[("shoes", "shoe"), ("ties", "tie"), ("accessories", "accessory"), ("boxes", "box"), ("s", ""), ("", "")],
    ],
)
def test_singular_takes_off_hyphens_and_the_ending_of_a_plural(word: str, one: str) -> None:
    assert singularize(word) == one
