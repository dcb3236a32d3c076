import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.contracts import files
from weft.report.number_forms import are_number_forms, drop_plurals
from weft.report.products import ShopProduct, format_price, read_products


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(1299.5, "EUR", "1,299.50 EUR"), (1980, "JPY", "1,980 JPY"), (12.5, None, "12.50"), (None, "EUR", "")],
)
def test_a_price_has_its_currency(amount, currency, text):
    assert format_price(amount, currency) == text


def test_only_requested_products_are_read_and_others_are_titled_by_their_id(inputs, make_product):
    inputs.add_products([make_product("alder/1", url="javascript:alert(1)"), make_product("alder/2")])
    products = read_products(inputs.report_inputs.crawl / files.PRODUCTS, {"alder/1"})
    assert products.get("alder/1") == ShopProduct("Blue shirt")
    assert products.get("alder/2") == ShopProduct("alder/2")


def test_plurals_go_where_their_singular_is_listed():
    words = ["bags", "bag", "dresses", "dress", "berries", "berry", "scarves", "scarf", "jeans", "shoes", "as", "a"]
    assert drop_plurals(words) == ["bag", "dress", "berry", "scarf", "jeans", "shoes", "as", "a"]
    assert are_number_forms("bag", "bags")
    assert not are_number_forms("jean", "jersey")


@given(st.lists(st.text(max_size=5), unique=True))
def test_the_kept_words_are_in_their_order_and_some_remain(words):
    kept = drop_plurals(words)
    assert kept == [word for word in words if word in set(kept)]
    assert bool(kept) == bool(words)
