"""The visible texts of a product."""

from typing import Any

from weft.text.fields import iter_texts, list_category_steps


def _make_product(**columns: Any) -> dict[str, Any]:
    return {"title": "", "description": "", "colour": None, "categories": [], "attributes": [], **columns}


def test_texts_come_in_the_order_of_the_settings() -> None:
    product = _make_product(title="Shirt", description="<p>A <b>red</b> one</p>", colour="Red")
    assert list(iter_texts(product, ["colour", "title", "description"])) == ["Red", "Shirt", "A red one"]


def test_a_step_shared_by_two_paths_is_read_once() -> None:
    product = _make_product(categories=["Women > Tops", "Women > Tops > Blouses"])
    assert list_category_steps(product) == ["Women", "Tops", "Blouses"]


def test_an_attribute_gives_value_and_name_unless_its_value_is_true_or_false() -> None:
    attributes = [
        {"name": "Neck", "value": "Round"},
        {"name": "Hooded", "value": "Yes"},
        {"name": "Lined", "value": "No"},
        {"name": None, "value": None},
    ]
    found = [text for text in iter_texts(_make_product(attributes=attributes), ["attributes"]) if text]
    assert found == ["Round Neck", "Hooded"]
