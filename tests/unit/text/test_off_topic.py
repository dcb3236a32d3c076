"""Words of a description that name other product types than the product's own."""

from typing import Any

import pytest

from weft.text.catalogue_tokenizers import CatalogueTokenizers
from weft.text.off_topic import ProductTypeWords


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
"""The words of the descriptions."""


def _make_product_types(*products: dict[str, Any]) -> ProductTypeWords:
    types = ProductTypeWords(CatalogueTokenizers())
    for product in products:
        types.add(product)
    return types


def test_other_product_types_are_off_topic_and_the_own_type_is_not() -> None:
    types = _make_product_types(JEANS, SHIRT)
    assert types.find_off_topic_words(SHIRT, ALL_WORDS) == {"jeans"}
    assert types.find_off_topic_words(JEANS, ALL_WORDS) == {"shirt", "shirts"}


def test_a_type_word_has_the_spelling_of_titles_and_categories() -> None:
    tee = _make_product("Red t-shirt", "Men > Tshirts")
    types = _make_product_types(JEANS, tee)
    assert types.find_off_topic_words(JEANS, ALL_WORDS) == {"t-shirt", "tshirts"}
    assert types.find_off_topic_words(tee, ALL_WORDS) == {"jeans"}


def test_the_last_word_of_a_category_step_names_a_type() -> None:
    assert _make_product_types(_make_product("Loafers", "Casual Shoes"), JEANS).find_off_topic_words(
        JEANS, ALL_WORDS
    ) == {"shoes"}


def test_a_word_mostly_in_other_categories_names_no_type() -> None:
    assert "short" not in _make_product_types(SHORTS, SHORT_DRESS).get_type_words("alder")
    assert "shorts" in _make_product_types(SHORTS, SHORT_DRESS).get_type_words("alder")


@pytest.mark.parametrize(("elsewhere", "is_type"), [(1, True), (2, False)])
def test_two_thirds_of_the_products_with_a_type_word_are_of_that_type(elsewhere: int, is_type: bool) -> None:
    flats = [_make_product("Flats", "Flats"), _make_product("Red flats", "Flats")]
    types = _make_product_types(*flats, *[_make_product("Ballerina flats", "Casual Shoes")] * elsewhere)
    assert ("flats" in types.get_type_words("alder")) == is_type


def test_words_of_attributes_describe_the_product() -> None:
    suit = _make_product("Linen suit", "Men > Suits", attributes=[{"name": "Parts", "value": "Jeans"}])
    assert "jeans" not in _make_product_types(JEANS, suit).find_off_topic_words(suit, ALL_WORDS)


def test_a_product_without_categories_has_no_off_topic_words() -> None:
    assert not _make_product_types(JEANS, SHIRT).find_off_topic_words(_make_product("Checked shirt"), ALL_WORDS)


def test_a_category_step_that_is_the_brand_names_no_type() -> None:
    classic = _make_product("Classic polo", "Brands > Classic", brand="Classic")
    assert "classic" not in _make_product_types(classic, SHIRT).get_type_words("alder")


def test_only_words_of_the_description_are_off_topic() -> None:
    assert _make_product_types(JEANS, SHIRT).find_off_topic_words(SHIRT, ["blue", "shirt", "cotton"]) == set()


def test_type_words_are_counted_by_shop() -> None:
    types = _make_product_types(JEANS, {**SHIRT, "shop": "birch"})
    assert types.get_type_words("alder") == {"jeans", "men"}
    assert types.get_type_words("birch") == {"shirt", "shirts", "men"}
    assert not types.get_type_words("cedar")
