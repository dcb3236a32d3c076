"""The id of a product stays the same when its stock, its price or its title changes."""

import json
from typing import Any

import pytest

from crawler.extract.combine import extract_product_from_html

URL = "http://shop.example/p/linen-shirt"
SIZES = "<select name=size><option>S<option>M<option>L</select>"


def item_id(product: dict[str, Any], body: str = SIZES, title: str = "Linen shirt") -> str:
    data = {"@type": "Product", "name": title, "image": "/a.jpg", **product}
    script = f"<script type=application/ld+json>{json.dumps(data)}</script>"
    extracted = extract_product_from_html(f"<html><head>{script}</head><body><h1>{title}</h1>{body}</body></html>", URL)
    assert extracted is not None
    return extracted.item_id.value


def offers(*skus: str) -> list[dict[str, str]]:
    return [{"@type": "Offer", "sku": sku, "price": "10"} for sku in skus]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"sku": "AB123-S"}, {"sku": "AB123-L"}),
        ({"sku": "11", "offers": offers("11", "12")}, {"sku": "12", "offers": offers("12", "11")}),
        ({"sku": "7001", "hasVariant": offers("7001", "7002")}, {"sku": "7002", "hasVariant": offers("7001", "7002")}),
    ],
)
def test_id_does_not_depend_on_the_size_in_stock(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert item_id(first) == item_id(second)


def test_id_is_not_the_number_of_the_selected_option() -> None:
    options = "<select><option value=5501>One<option value=5502>Two</select>"
    assert item_id({"sku": "5501"}, options) == item_id({"sku": "5502"}, options)


def test_sku_of_the_product_is_its_id() -> None:
    assert item_id({"sku": "AB123"}) == "AB123"
    assert item_id({"sku": "AB-12"}) == "AB-12"
    assert item_id({"sku": "AB123", "offers": offers("AB123-1", "AB123-2")}) == "AB123"


@pytest.mark.parametrize("name", ["Linen shirt", "Summer collection"])
def test_name_is_not_an_id(name: str) -> None:
    assert item_id({"inProductGroupWithID": name, "sku": "AB123"}) == "AB123"


def test_id_stays_when_the_title_and_the_price_change() -> None:
    assert item_id({"price": "10"}) == item_id({"price": "12"}, title="Linen blouse")
