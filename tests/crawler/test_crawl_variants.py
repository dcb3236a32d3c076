"""One crawl of a shop without markup whose variants, languages and query parameters have pages of their own."""

from pathlib import Path
from typing import Any

import pytest
from local_shop import LocalShop, make_crawl_settings, run_local_shop
from read_outs import read_photos

from crawler.run import crawl_shops
from weft import params, tables
from weft.contracts.tables import PRODUCTS

pytestmark = pytest.mark.slow

TEXT = "Cut straight from washed linen, made to be worn for many summers, and repaired in our own workshop in Porto."
LANGUAGES = {"en": "Wool coat", "de": "Wollmantel"}


def make_page(shop: LocalShop, title: str, photos: list[str], body: str, head: str = "", crumbs: str = "") -> str:
    gallery = "".join(f'<img src="{shop.add_photo(name)}">' for name in photos)
    return (
        f"<html><head><title>{title}</title>{head}</head><body><ol class=breadcrumb><li><a href=/>Home</a>"
        f"<li><a href=/shirts>Shirts</a>{crumbs}</ol><h1>{title}</h1><div class=product-gallery>{gallery}</div>"
        f"{body}</body></html>"
    )


BUY = '<p class=price>29,90 €</p><form action="/cart/add"><button>Add to cart</button></form>'


def add_product_with_variants(shop: LocalShop, number: int) -> str:
    """Serve a parent page with a table of variants, and their pages; return the path of the parent."""
    title, path = f"Linen shirt no. {number}", f"/shirts/linen-shirt-{number}"
    rows = ""
    for colour in ("Navy", "Rust"):
        for size in "SML":
            child = f"{path}-{colour.lower()}-{size.lower()}"
            rows += f'<tr><td>{colour}<td>{size}<td><a href="{child}">View</a>'
            photos = [f"{number}-a"] if colour == "Navy" else [f"{number}-rust"]
            values = f"<table><tr><th>Colour<td>{colour}<tr><th>Size<td>{size}</table>{BUY}"
            crumbs = f'<li><a href="{path}">{title}</a>'
            shop.add_page(child, make_page(shop, f"{title}, {colour}, {size}", photos, values, crumbs=crumbs))
    table = f"<table><tr><th>Colour<th>Size<th>{rows}</table><div class=description>{TEXT}</div>"
    shop.add_page(path, make_page(shop, title, [f"{number}-a", f"{number}-b"], table))
    return path


def add_coat(shop: LocalShop, language: str) -> str:
    """Serve one product in one language and return its path."""
    head = "".join(f'<link rel=alternate hreflang={code} href="/{code}/coat">' for code in LANGUAGES)
    shop.add_page(f"/{language}/coat", make_page(shop, LANGUAGES[language], ["coat"], BUY, head))
    return f"/{language}/coat"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("variants")
    with run_local_shop() as shop:
        parents = [add_product_with_variants(shop, number) for number in range(12)]
        coats = [add_coat(shop, language) for language in LANGUAGES]
        for number, name in enumerate(["Silk scarf", "Straw hat", "Leather belt"], start=1):
            shop.add_page(f"/item?ref={number}", make_page(shop, name, [f"item-{number}"], BUY))
        cards = "".join(
            f'<div class=card><a href="/item?ref={number}"><img src="/media/item-{number}.jpg">Item {number}</a></div>'
            for number in (1, 2, 3)
        )
        links = "".join(f'<a href="{path}">{path}</a>' for path in [*parents, *coats])
        shop.add_page("/", f"<html lang=de><h1>Welcome</h1><a href=/shirts>Shirts</a>{cards}</html>")
        shop.add_page("/shirts", f"<h1>Shirts</h1>{links}")
        settings = make_crawl_settings(params.Shop(name="test", url=shop.base_url))
        crawl_shops(settings, folder / "state", folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def products(out: Path) -> dict[str, dict[str, Any]]:
    rows = tables.read_table(out / "products.parquet", PRODUCTS).to_pylist()
    return {row["title"]: row for row in rows}


def test_each_product_is_one_row(out: Path, products: dict[str, dict[str, Any]]) -> None:
    shirts = {f"Linen shirt no. {number}" for number in range(12)}
    assert set(products) == {*shirts, "Wollmantel", "Silk scarf", "Straw hat", "Leather belt"}
    assert len(tables.read_table(out / "products.parquet", PRODUCTS)) == len(products)


def test_product_has_the_description_and_categories_of_its_parent_and_all_colours(
    products: dict[str, dict[str, Any]],
) -> None:
    shirt = products["Linen shirt no. 3"]
    assert (shirt["description"], shirt["categories"]) == (TEXT, ["Shirts"])
    colours = {attribute["value"] for attribute in shirt["attributes"] if attribute["name"] == "Colour"}
    assert colours == {"Navy", "Rust"}
    assert not [attribute for attribute in shirt["attributes"] if attribute["name"] == "Size"]


def test_product_has_the_photos_of_all_variants_with_their_colours(
    out: Path, products: dict[str, dict[str, Any]]
) -> None:
    product_id = products["Linen shirt no. 3"]["product_id"]
    found = {row["url"].rsplit("/", 1)[1]: row["colour"] for row in read_photos(out) if row["product_id"] == product_id}
    assert found == {"3-a.jpg": "Navy", "3-b.jpg": None, "3-rust.jpg": "Rust"}


def test_translations_share_their_photos(out: Path, products: dict[str, dict[str, Any]]) -> None:
    coat = products["Wollmantel"]
    assert coat["language"] == "de"
    assert len([row for row in read_photos(out) if row["product_id"] == coat["product_id"]]) == 1
