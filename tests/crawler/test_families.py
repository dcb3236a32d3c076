"""Which pages show one product, and which only look as if they did."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from state_files import BASE_URL, make_product, save_item

from crawler.export.export import export
from crawler.extract.relations import Relations
from crawler.items import PAGE, PHOTO, ListingItem, PhotoItem, ProductItem
from crawler.storage.purge import purge
from crawler.storage.snapshot import Snapshot
from crawler.storage.store import Store
from crawler.values.variant_names import is_variant_name, name_stem, sku_stem, text_of_core
from weft.contracts.product import Attribute, PhotoLink, Product

Page = tuple[Product, Relations]


def make_page(name: str, title: str, photos: str = "", relations: Relations | None = None, **fields: Any) -> Page:
    """Return the page /p/NAME; each word of `photos` is the name of a photo."""
    links = tuple(PhotoLink(url=f"{BASE_URL}/{photo}.jpg") for photo in photos.split())
    values = {"product_id": f"shop/{name}", "url": f"{BASE_URL}/p/{name}", "title": title, "photos": links, **fields}
    return make_product(0, **values), relations or Relations()


def url(name: str) -> str:
    return f"{BASE_URL}/p/{name}"


def crawl_pages(path: Path, pages: list[Page], start_language: str = "", photos: bool = False) -> Snapshot:
    """Return a finished crawl of these product pages, in this order."""
    store = Store(path)
    store.set_meta(shop="shop", start_url=f"{BASE_URL}/")
    store.add_urls(PAGE, [f"{BASE_URL}/"])
    start = {"url": f"{BASE_URL}/", "breadcrumb": "", "page_title": "", "links": (), "language": start_language}
    save_item(store, PAGE, ListingItem, **start)
    for product, relations in pages:
        store.add_urls(PAGE, [product.url])
        save_item(store, PAGE, ProductItem, product=product, relations=relations)
    while photos and (rows := store.select_todo(PHOTO, 1, ())):
        store.save(PhotoItem(row=rows[0][0], body=rows[0][1].encode()))
    store.set_meta(complete="yes")
    store.close()
    return Snapshot(path)


PARENT = make_page("12", "Linen shirt", "a b", description="Cut straight.", categories=("Women > Shirts",))
CATEGORY = Relations(breadcrumb=f"{BASE_URL}/c/shirts")
DIFFERENT_PRODUCTS: dict[str, list[Page]] = {
    "a category as last breadcrumb": [
        make_page("1", "Linen shirt, red", "a", CATEGORY),
        make_page("2", "Cotton shirt, red", "b", CATEGORY),
    ],
    "another product as last breadcrumb": [
        make_page("1", "Linen shirt", "a"),
        make_page("2", "Wool coat", "b", Relations(breadcrumb=url("1"))),
    ],
    "a banner on all pages": [
        make_page("1", "Linen shirt", "a banner"),
        make_page("2", "Wool coat", "b banner"),
        make_page("3", "Linen shirt", "c banner"),
    ],
    "a placeholder in place of photos": [
        make_page("1", "Linen shirt red", "none"),
        make_page("2", "Linen shirt blue", "none"),
        make_page("3", "Wool coat red", "none"),
    ],
    "SKUs that begin with two letters": [
        make_page("1", "Linen shirt red", "a", sku="AB-1001"),
        make_page("2", "Linen shirt blue", "b", sku="AB-2001"),
    ],
    "SKUs that begin with a season": [
        make_page("1", "Black dress", "a", sku="SS2024-001"),
        make_page("2", "White coat", "b", sku="SS2024-002"),
    ],
    "names in two colours and a season in the SKU": [
        make_page("1", "Black linen dress", "a", sku="SS2024-001"),
        make_page("2", "Red linen dress", "b", sku="SS2024-002"),
    ],
    "a colour in front of two other products": [
        make_page("1", "Black leather belt", "a", sku="P1001-22"),
        make_page("2", "Black leather shoes", "a2", sku="P1001-33"),
    ],
    "the same name and a season in the SKU": [
        make_page("1", "Ankle dress", "a", sku="SS2024-001"),
        make_page("2", "Ankle dress", "b", sku="SS2024-002"),
    ],
    "the same name and text, which the shop sells as two products": [
        make_page("1", "Exercise ball", "a", sku="24-WG081-blue", description="A ball."),
        make_page("2", "Exercise ball", "b", sku="24-WG081-gray", description="A ball."),
    ],
    "a recommendation whose name begins alike": [
        make_page("1", "Linen shirt", "a", Relations(variant_links=(url("2"), url("3")))),
        make_page("2", "Linen shirt dress", "b"),
        make_page("3", "Linen shirts for men", "c"),
    ],
    "numbered models": [
        make_page("1", "Sneaker model 32", "none"),
        make_page("2", "Sneaker model 34", "none"),
        make_page("3", "Wool coat", "none"),
    ],
    "a language link to the home page": [
        make_page("1", "Shirt one", "a", Relations(translations=(("de", f"{BASE_URL}/de/"),))),
        make_page("2", "Shirt two", "b", Relations(translations=(("de", f"{BASE_URL}/de/"),))),
    ],
}
ONE_PRODUCT: dict[str, list[Page]] = {
    "children whose last breadcrumb is the parent": [
        PARENT,
        make_page("13", "Linen shirt, navy, M", "a b", Relations(breadcrumb=url("12"))),
        make_page("14", "Linen shirt, rust, M", "c", Relations(breadcrumb=url("12"))),
    ],
    "a parent with a table of variants": [
        (PARENT[0], Relations(variant_links=(url("13"), url("14")))),
        make_page("13", "Linen shirt - navy", "c"),
        make_page("14", "Navy M", "a b"),
    ],
    "isVariantOf, with the page of the group": [
        PARENT,
        make_page("13", "Navy", "c", Relations(groups=(url("12"),))),
    ],
    "isVariantOf, without the page of the group": [
        make_page("13", "Shirt in navy", "c", Relations(groups=(url("12"),))),
        make_page("14", "Shirt in rust", "d", Relations(groups=(url("12"),))),
    ],
    "hasVariant": [
        make_page("12", "Shirt", "a", Relations(variants=(url("13"),))),
        make_page("13", "Navy", "c"),
    ],
    "one group id": [
        make_page("13", "Shirt in navy", "c", group_id="G1"),
        make_page("14", "Shirt in rust", "d", group_id="G1"),
    ],
    "the SKU of the parent as group id": [
        make_page("12", "Shirt", "a", sku="G1"),
        make_page("14", "Shirt in rust", "d", group_id="G1"),
    ],
    "identical galleries and names without colour and size": [
        make_page("13", "Linen shirt navy M", "a b"),
        make_page("14", "Linen shirt rust L", "b a"),
    ],
    "identical galleries and names that begin with the colour": [
        make_page("13", "Navy linen shirt", "a b"),
        make_page("14", "Rust linen shirt", "a b"),
    ],
    "identical galleries and sizes of children": [
        make_page("13", "Cotton romper 6-9M", "a b"),
        make_page("14", "Cotton romper 9-12M", "a b"),
    ],
    "identical galleries and numbered sizes": [
        make_page("13", "Linen shirt - size 38", "a b"),
        make_page("14", "Linen shirt - size 40", "a b"),
    ],
    "a common stem of the SKUs and names that begin with the colour": [
        make_page("13", "Navy linen shirt", "a", sku="P0042-NAVY"),
        make_page("14", "Rust linen shirt", "b", sku="P0042-RUST"),
    ],
    "a child whose name begins with the colour": [
        PARENT,
        make_page("13", "Navy linen shirt", "c", Relations(breadcrumb=url("12"))),
    ],
    "a common stem of the SKUs": [
        make_page("13", "Linen shirt, Mitternacht, M", "a", sku="P0042-NAVY-M", colour="Mitternacht"),
        make_page("14", "Linen shirt, rust, L", "b", sku="P0042-RUST-L"),
    ],
    "hreflang": [
        make_page("en", "Linen dress", "a", Relations(translations=(("de", url("de")),))),
        make_page("de", "Leinenkleid", "a"),
    ],
    "the same SKU and photos in two languages": [
        make_page("en", "Linen dress", "a b", sku="LD-10000", language="en"),
        make_page("de", "Leinenkleid", "a b", sku="LD-10000", language="de"),
    ],
}


@pytest.mark.parametrize("case", DIFFERENT_PRODUCTS)
def test_different_products_are_not_joined(case: str, tmp_path: Path) -> None:
    pages = DIFFERENT_PRODUCTS[case]
    snapshot = crawl_pages(tmp_path / "s.sqlite", pages)
    assert [p.product_id for p in snapshot.products()] == sorted(product.product_id for product, _ in pages)


@pytest.mark.parametrize("case", ONE_PRODUCT)
def test_pages_of_one_product_are_joined_in_any_order(case: str, tmp_path: Path) -> None:
    pages = ONE_PRODUCT[case]
    joined = list(crawl_pages(tmp_path / "a.sqlite", pages).products())
    assert len(joined) == 1
    assert joined == list(crawl_pages(tmp_path / "b.sqlite", pages[::-1]).products())


def test_product_has_the_texts_of_its_parent_and_the_photos_of_all_variants(tmp_path: Path) -> None:
    children = [
        make_page("10", "Linen shirt, navy", "a b", Relations(breadcrumb=url("12")), colour="Navy"),
        make_page("13", "Linen shirt, sage", "a b", Relations(breadcrumb=url("12")), colour="Sage"),
        make_page("11", "Linen shirt, rust", "c", Relations(breadcrumb=url("12")), colour="Rust"),
    ]
    (product,) = crawl_pages(tmp_path / "s.sqlite", [*children, PARENT]).products()
    assert (product.product_id, product.title, product.url) == ("shop/12", "Linen shirt", url("12"))
    assert (product.description, product.categories) == ("Cut straight.", ("Women > Shirts",))
    colours = {photo.url.rsplit("/", 1)[1]: photo.colour for photo in product.photos}
    assert colours == {"a.jpg": None, "b.jpg": None, "c.jpg": "Rust"}


def test_children_without_a_parent_lose_colour_and_size(tmp_path: Path) -> None:
    pages = [
        make_page(
            f"{colour}{size}",
            f"Linen shirt - {colour}, {size}",
            "a b",
            colour=colour,
            attributes=(Attribute(name="Size", value=size), Attribute(name="Fit", value="Loose")),
        )
        for colour in ("Navy", "Rust")
        for size in "SM"
    ]
    (product,) = crawl_pages(tmp_path / "s.sqlite", pages).products()
    assert (product.title, product.colour) == ("Linen shirt", None)
    assert [(a.name, a.value) for a in product.attributes] == [("Fit", "Loose"), ("Colour", "Navy"), ("Colour", "Rust")]


def test_purge_of_a_product_removes_the_pages_of_its_variants(tmp_path: Path) -> None:
    child = make_page("13", "Linen shirt, navy", "c", Relations(breadcrumb=url("12")))
    crawl_pages(tmp_path / "s.sqlite", [PARENT, child, make_page("20", "Wool coat", "d")])
    purge(tmp_path, "product", "shop/12", dry_run=False)
    assert [product.title for product in Snapshot(tmp_path / "s.sqlite").products()] == ["Wool coat"]


def test_photos_that_variants_share_are_no_placeholders(tmp_path: Path) -> None:
    children = [
        make_page(str(n), f"Linen shirt, size {n}", "a b", Relations(breadcrumb=url("12"))) for n in range(20, 50)
    ]
    snapshot = crawl_pages(tmp_path / "s.sqlite", [PARENT, *children], photos=True)
    totals = export([snapshot], tmp_path / "out")
    assert (totals["products"], totals["photos"], totals["photos_placeholder"]) == (1, 2, 0)


@pytest.mark.parametrize(
    ("start_language", "x_default", "title"),
    [
        ("de", "en", "Leinenkleid"),
        ("", "fr", "Robe en lin"),
        ("en", "", "Linen dress"),
        ("", "", "Linen dress"),
    ],
)
def test_texts_are_in_the_language_of_the_start_page_or_of_x_default(
    start_language: str, x_default: str, title: str, tmp_path: Path
) -> None:
    titles = {"en": "Linen dress", "de": "Leinenkleid", "fr": "Robe en lin"}
    links = tuple((language, url(language)) for language in titles)
    links += (("x-default", url(x_default)),) if x_default else ()
    pages = [
        make_page(name, text, "a", Relations(translations=links), language=name, categories=(f"Shop {name}",))
        for name, text in titles.items()
    ]
    (product,) = crawl_pages(tmp_path / "s.sqlite", pages, start_language).products()
    assert (product.title, product.categories) == (title, (f"Shop {product.language}",))
    assert len(product.photos) == 1


def test_limit_counts_products_and_keeps_their_variants(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.set_meta(shop="shop", max_products="1")
    store.add_urls(PAGE, [url("12")])
    save_item(
        store, PAGE, ProductItem, product=PARENT[0], variants=(url("13"),), relations=Relations(variants=(url("13"),))
    )
    child, _ = make_page("13", "Linen shirt, navy", "c", colour="Navy")
    save_item(store, PAGE, ProductItem, product=child, variants=(url("99"),))
    assert store.product_count == store.recount_products() == 1
    assert not store.has_todo(PAGE), "the page of a variant adds no further variants"
    store.close()
    (product,) = Snapshot(tmp_path / "s.sqlite").products()
    assert len(product.photos) == 3


@pytest.mark.parametrize(
    ("name", "base", "expected"),
    [
        ("Linen shirt, navy, M", "Linen shirt", True),
        ("Linen shirt - Night / M", "Linen shirt", True),
        ("LINEN SHIRT navy 42", "Linen shirt", True),
        ("Navy linen shirt", "Linen shirt", True),
        ("Navy linen shirt dress", "Linen shirt", False),
        ("Black shirt", "Shirt", False),
        ("Linen shirt", "Linen shirt", True),
        ("Linen shirt dress", "Linen shirt", False),
        ("Linen shirts, navy", "Linen shirt", False),
        ("Shirt 12", "Shirt 1", False),
        ("Navy", "Linen shirt", False),
        ("Anything", "", False),
    ],
)
def test_variant_names(name: str, base: str, expected: bool) -> None:
    assert is_variant_name(name, base, ()) is expected


@pytest.mark.parametrize(
    ("sku", "stem"),
    [
        ("P0042-NAVY-M", "p0042"),
        ("AB-12345-RED", "ab-12345"),
        ("AB-1", ""),
        ("P0042", ""),
        ("2024-001", ""),
        ("SS2024-1-RED", "ss2024-1"),
        ("", ""),
    ],
)
def test_sku_stems(sku: str, stem: str) -> None:
    assert sku_stem(sku) == stem


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("Navy Linen Shirt", "Linen Shirt"),
        ("Navy, Linen Shirt - M", "Linen Shirt"),
        ("Linen Shirt (navy)", "Linen Shirt"),
        ("Black Dress", "Black Dress"),
        ("Cotton Romper 6-9M", "Cotton Romper"),
        ("Model 32", "Model 32"),
    ],
)
def test_the_core_of_a_name_has_no_colour_and_no_size(name: str, core: str) -> None:
    assert text_of_core(name, ()) == core


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=3))
def test_stem_is_a_prefix_of_the_words_of_a_name(name: str, values: list[str]) -> None:
    stem = name_stem(name, values)
    assert stem == name_stem(" ".join(stem), values) or not stem
    assert not stem or is_variant_name(name, " ".join(stem), values)


@given(
    st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=3), st.lists(st.text(max_size=9), max_size=3)
)
def test_relations_json_round_trip(translations: list[tuple[str, str]], urls: list[str]) -> None:
    relations = Relations(groups=tuple(urls), variant_links=tuple(urls), translations=tuple(translations))
    assert Relations.from_json(relations.to_json()) == relations
