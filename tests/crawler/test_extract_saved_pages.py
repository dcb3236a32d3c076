"""Saved pages, written by us in the manner of real ones: one fact a test."""

from pathlib import Path

from crawler.extract import combine, document
from crawler.extract.models import ExtractedProduct

PAGES = Path(__file__).parent / "pages"


def extract_saved_page(name: str, url: str) -> ExtractedProduct | None:
    return combine.extract_product(document.parse_html(document.decode_html((PAGES / name).read_bytes()), url))


def extract_found(name: str, url: str) -> ExtractedProduct:
    product = extract_saved_page(name, url)
    assert product is not None
    return product


def list_photos(product: ExtractedProduct) -> list[tuple[str, str | None]]:
    return [(photo.value.url.rsplit("/", 1)[-1], photo.value.colour) for photo in product.photos]


def list_sourced_values(product: ExtractedProduct, *fields: str) -> list[tuple[str, str]]:
    return [(getattr(product, field).value, getattr(product, field).source) for field in fields]


def test_a_shopify_theme_s_own_json_comes_before_its_meta_tags() -> None:
    product = extract_found(
        "shopify_theme.html", "https://lido.example/collections/all/products/terrace-shirt?variant=2"
    )
    assert list_sourced_values(product, "item_id", "title", "brand") == [
        ("8101", "shopify"),
        ("Terrace shirt", "shopify"),
        ("Lido", "shopify"),
    ]


def test_a_quick_view_s_json_on_a_shopify_page_gives_no_photo() -> None:
    product = extract_found("shopify_theme.html", "https://lido.example/products/terrace-shirt")
    assert list_photos(product) == [
        ("terrace-shirt-sand.jpg", "Sand"),
        ("terrace-shirt-navy.jpg", "Navy"),
        ("terrace-shirt-back.jpg", None),
    ]


def test_a_woocommerce_form_s_variations_give_each_photo_its_colour() -> None:
    product = extract_found("woocommerce_variable.html", "https://gauge.example/product/rain-parka/")
    assert list_photos(product) == [
        ("parka-moss-green.jpg", "Moss Green"),
        ("parka-hood.jpg", None),
        ("parka-rust.jpg", "Rust"),
    ]


def test_a_woocommerce_page_has_the_id_that_its_api_knows() -> None:
    product = extract_found("woocommerce_variable.html", "https://gauge.example/product/rain-parka/")
    assert list_sourced_values(product, "item_id") == [("418", "woocommerce")]


def test_rdfa_is_a_layer() -> None:
    product = extract_found("rdfa.html", "https://harrow.example/scarf")
    assert list_sourced_values(product, "title", "brand", "sku", "price", "availability", "description") == [
        ("Wool scarf", "rdfa"),
        ("Harrow Lane", "rdfa"),
        ("SC-9", "rdfa"),
        ("35.00", "rdfa"),
        ("InStock", "rdfa"),
        ("Two metres of lambswool.", "rdfa"),
    ]


def test_labels_printed_in_german_are_read() -> None:
    product = extract_found("german_printed.html", "https://nordkleid.example/leinenhemd")
    assert list_sourced_values(product, "brand", "sku", "colour", "gtin", "price") == [
        ("Deichgraf", "page"),
        ("7730-12", "page"),
        ("Sand", "page"),
        ("4006381333931", "page"),
        ("49.90", "page"),
    ]


def test_a_breadcrumb_without_its_home_is_the_category() -> None:
    product = extract_found("german_printed.html", "https://nordkleid.example/leinenhemd")
    assert [path.value for path in product.categories] == ["Herren > Hemden"]


def test_what_stands_below_a_heading_of_other_products_is_not_in_the_gallery() -> None:
    assert list_photos(extract_found("german_printed.html", "https://nordkleid.example/leinenhemd")) == [
        ("hemd-1.jpg", None)
    ]


def test_a_printed_number_makes_no_item() -> None:
    product = extract_found("german_printed.html", "https://nordkleid.example/leinenhemd")
    assert product.item_id.source == "url"


def test_a_listing_of_cards_with_buttons_to_buy_is_no_product() -> None:
    assert extract_saved_page("listing_with_buttons.html", "https://corner.example/c/shirts") is None


def test_a_number_in_the_address_counts_where_the_page_says_it_too() -> None:
    product = extract_found("classified_ad.html", "https://ads.example/furniture/oak-wardrobe-a20417733.html")
    assert list_sourced_values(product, "sku", "price") == [("20417733", "page"), ("180", "page")]
    assert list_photos(product) == [("front.jpg", None), ("side.jpg", None)]


def test_boilerplate_loses_to_the_words_about_the_product() -> None:
    product = extract_found("boilerplate_description.html", "https://mezzanine.example/velvet-gown")
    assert product.description is not None
    assert product.description.value.startswith("<p>A floor-length gown")


def test_a_page_in_another_charset_is_read_by_what_it_declares() -> None:
    product = extract_found("cyrillic_windows_1251.html", "https://lavka.example/plate")
    assert list_sourced_values(product, "title", "sku", "brand", "price") == [
        ("Платье льняное", "page"),
        ("5521-03", "page"),
        ("Лён и Ко", "page"),
        ("3450", "page"),
    ]


def test_magento_s_form_names_the_product_by_number_and_its_gallery_shows_no_video() -> None:
    product = extract_found("magento_form.html", "https://luma.example/trail-jacket.html")
    assert list_sourced_values(product, "item_id", "sku") == [("350", "magento"), ("MJ07", "magento")]
    assert list_photos(product) == [("mj07-red.jpg", "Rot"), ("mj07-blue.jpg", "Blau")]


def test_of_the_brands_in_a_data_layer_the_one_in_the_title_is_the_product_s() -> None:
    assert list_sourced_values(extract_found("data_layer_brand.html", "https://saltash.example/belt"), "brand") == [
        ("Saltash", "script")
    ]
