"""A crawl of a stock django-oscar shop: no markup, and each variant of a product has a page of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from local_shop import make_crawl_settings
from read_outs import read_photos

from crawler.run import crawl_shops
from weft import params, tables
from weft.contracts.tables import PRODUCTS

NUM_PRODUCTS = 40
OSCAR_PYTHON = os.environ.get("WEFT_OSCAR_PYTHON", sys.executable if find_spec("oscar") else "")
"""The Python of an environment with django-oscar, sorl-thumbnail and whoosh."""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not OSCAR_PYTHON,
        reason="django-oscar is not installed: pip install django-oscar sorl-thumbnail whoosh into an environment, and"
        " set WEFT_OSCAR_PYTHON to its Python",
    ),
]


@pytest.fixture(scope="module")
def oscar_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    command = [OSCAR_PYTHON, str(Path(__file__).with_name("oscar_shop.py")), str(tmp_path_factory.mktemp("oscar"))]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(
        [*command, str(NUM_PRODUCTS)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


@pytest.fixture(scope="module")
def out(oscar_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crawl")
    crawl_shops(make_crawl_settings(params.Shop(name="oscar", url=oscar_url)), folder / "state", folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def products(out: Path) -> list[dict[str, Any]]:
    return list(tables.read_table(out / "products.parquet", PRODUCTS).to_pylist())


def test_each_parent_is_one_product(products: list[dict[str, Any]]) -> None:
    assert len(products) == len({product["title"] for product in products}) == NUM_PRODUCTS
    assert sorted(product["sku"] for product in products) == [f"P{number:04d}" for number in range(NUM_PRODUCTS)]


def test_description_and_category_are_those_of_the_parent(products: list[dict[str, Any]]) -> None:
    for product in products:
        _, garment, *_ = product["title"].split(" ")
        assert f"{garment} with a straight cut" in product["description"]
        assert f"Women > {garment.capitalize()}s" in product["categories"]


def test_colours_are_joined_and_sizes_are_left_out(products: list[dict[str, Any]]) -> None:
    for product in products:
        values = {(attribute["name"], attribute["value"]) for attribute in product["attributes"]}
        assert {("Colour", "Navy"), ("Colour", "Rust")} <= values
        assert not [name for name, _ in values if name == "Size"]


def test_photos_of_all_variants_are_kept_with_their_colours(out: Path, products: list[dict[str, Any]]) -> None:
    colours: dict[str, set[str | None]] = {product["product_id"]: set() for product in products}
    for photo in read_photos(out):
        colours[photo["product_id"]].add(photo["colour"])
    expected = [{"Navy", "Rust"} if int(product["sku"][1:]) % 2 else {None} for product in products]
    assert [colours[product["product_id"]] for product in products] == expected
