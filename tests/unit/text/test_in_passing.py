"""What a description says of other things than its own."""

from typing import Any

import pytest

from weft.text.in_passing import Kinds, singular


def _product(title: str, *categories: str, **columns: Any) -> dict[str, Any]:
    return {"shop": "alder", "title": title, "brand": None, "categories": list(categories), "attributes": [], **columns}


JEANS = _product("Blue jeans", "Men > Jeans")
SHIRT = _product("Checked shirt", "Men > Shirts")
SHORTS = _product("Khaki shorts", "Men > Shorts")
SHORT_DRESS = _product("Short dress", "Women > Dresses")


EVERYTHING = [
    *["jeans", "jean", "shirt", "shirts", "t-shirt", "tshirts", "shorts", "short"],
    *["shoes", "casual", "men", "dress", "suit", "classic", "blue"],
]
"""What a description may say."""


def _kinds(*products: dict[str, Any]) -> Kinds:
    kinds = Kinds()
    for product in products:
        kinds.add(product)
    return kinds


def test_other_kinds_are_said_in_passing_and_the_own_is_not() -> None:
    kinds = _kinds(JEANS, SHIRT)
    assert kinds.in_passing(SHIRT, EVERYTHING) == {"jeans"}
    assert kinds.in_passing(JEANS, EVERYTHING) == {"shirt", "shirts"}


def test_a_kind_is_spelled_as_titles_and_categories_spell_it() -> None:
    tee = _product("Red t-shirt", "Men > Tshirts")
    kinds = _kinds(JEANS, tee)
    assert kinds.in_passing(JEANS, EVERYTHING) == {"t-shirt", "tshirts"}
    assert kinds.in_passing(tee, EVERYTHING) == {"jeans"}


def test_a_kind_is_the_last_word_of_a_step() -> None:
    assert _kinds(_product("Loafers", "Casual Shoes"), JEANS).in_passing(JEANS, EVERYTHING) == {"shoes"}


def test_a_word_that_mostly_stands_in_other_categories_is_no_kind() -> None:
    assert "short" not in _kinds(SHORTS, SHORT_DRESS).of("alder")
    assert "shorts" in _kinds(SHORTS, SHORT_DRESS).of("alder")


@pytest.mark.parametrize(("elsewhere", "is_a_kind"), [(1, True), (2, False)])
def test_two_thirds_of_those_called_so_must_be_of_the_kind(elsewhere: int, is_a_kind: bool) -> None:
    flats = [_product("Flats", "Flats"), _product("Red flats", "Flats")]
    kinds = _kinds(*flats, *[_product("Ballerina flats", "Casual Shoes")] * elsewhere)
    assert ("flats" in kinds.of("alder")) == is_a_kind


def test_what_attributes_say_is_said_of_the_product() -> None:
    suit = _product("Linen suit", "Men > Suits", attributes=[{"name": "Parts", "value": "Jeans"}])
    assert "jeans" not in _kinds(JEANS, suit).in_passing(suit, EVERYTHING)


def test_without_categories_nothing_is_in_passing() -> None:
    assert not _kinds(JEANS, SHIRT).in_passing(_product("Checked shirt"), EVERYTHING)


def test_the_step_of_a_brand_names_no_kind() -> None:
    classic = _product("Classic polo", "Brands > Classic", brand="Classic")
    assert "classic" not in _kinds(classic, SHIRT).of("alder")


def test_only_what_the_description_says_is_in_passing() -> None:
    assert _kinds(JEANS, SHIRT).in_passing(SHIRT, ["blue", "shirt", "cotton"]) == set()


def test_every_shop_has_its_own_kinds() -> None:
    kinds = _kinds(JEANS, {**SHIRT, "shop": "birch"})
    assert kinds.of("alder") == {"jeans", "men"}
    assert kinds.of("birch") == {"shirt", "shirts", "men"}
    assert not kinds.of("cedar")


@pytest.mark.parametrize(
    ("word", "one"),
    [
        *[("jeans", "jean"), ("t-shirts", "tshirt"), ("dresses", "dress"), ("watches", "watch"), ("dress", "dress")],
        *[("shoes", "shoe"), ("ties", "tie"), ("accessories", "accessory"), ("boxes", "box"), ("s", ""), ("", "")],
    ],
)
def test_singular_takes_off_hyphens_and_the_ending_of_a_plural(word: str, one: str) -> None:
    assert singular(word) == one
