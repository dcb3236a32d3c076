from collections import Counter

import pyarrow as pa
import pytest

from weft import tables
from weft.contracts.tables import PREPARED_PHOTOS, PRODUCTS
from weft.datasets.catalogue import Catalogue, choose_deepest_category, read_categories
from weft.errors import ContractError


def make_product_row(number, categories):
    empty = {"url": "u", "description": "", "brand": None, "colour": None, "attributes": []}
    return {"product_id": f"a/{number}", "shop": "a", "title": "t", "categories": categories, **empty}


def write_products(path, *categories):
    rows = [make_product_row(number, product_categories) for number, product_categories in enumerate(categories)]
    tables.write_table(path, pa.Table.from_pylist(rows, schema=PRODUCTS.schema), PRODUCTS)
    return path


def test_the_category_is_the_deepest_path_and_of_equals_the_most_common():
    common = Counter({"Sale": 50, "Women > Bags": 9, "Women > New": 3})
    assert choose_deepest_category(["Sale", "Women > Bags", "Women > New"], common) == "Women > Bags"
    assert choose_deepest_category(["B", "A"], Counter()) == "A"


def test_products_without_categories_have_none(tmp_path):
    path = write_products(tmp_path / "p.parquet", ["Bags"], [], ["Sale", "Women > Bags"])
    assert read_categories(path) == {"a/0": "Bags", "a/2": "Women > Bags"}


def test_categories_and_colours_become_labels_of_the_catalogue(tmp_path):
    for split, numbers in (("train", (0, 1)), ("val", ()), ("test", (2,))):
        rows = (
            {
                "product_id": f"a/{number}", "position": position, "photo_id": f"a/{number}#{position}", "jpeg": b"x",
                "colour": "Blue" if number else None,
            }
            for number in numbers for position in (0, 1)
        )  # fmt: skip
        tables.write_shards(tmp_path / "prepared" / split, rows, PREPARED_PHOTOS)
    data = Catalogue(tmp_path / "prepared", write_products(tmp_path / "p.parquet", ["Bags"], []))
    assert [dict(record.labels) for record in data.records][:3] == [
        {"kind_of_photo": "main photo", "category": "Bags"},
        {"kind_of_photo": "other view", "category": "Bags"},
        {"kind_of_photo": "main photo", "colour": "Blue"},
    ]
    assert [record for record, _ in data.photos()] == list(data.records)


def test_missing_products_are_named(tmp_path):
    with pytest.raises(ContractError, match=r"p\.parquet"):
        read_categories(tmp_path / "p.parquet")
