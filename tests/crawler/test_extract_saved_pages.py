"""Extraction from saved pages, which we wrote in the style of real shops: each test checks one fact."""

from pathlib import Path

from crawler.extract import combine
from crawler.extract.models import ExtractedProduct
from crawler.page import document

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


def test_the_product_json_of_a_shopify_theme_wins_over_its_meta_tags() -> None:
    product = extract_found(
        "shopify_theme.html", "https://lido.example/collections/all/products/terrace-shirt?variant=2"
    )
    assert list_sourced_values(product, "item_id", "title", "brand") == [
        ("8101", "shopify"),
        ("Terrace shirt", "shopify"),
        ("Lido", "shopify"),
    ]


def test_the_json_of_a_quick_view_gives_no_photo() -> None:
    product = extract_found("shopify_theme.html", "https://lido.example/products/terrace-shirt")
    assert list_photos(product) == [
        ("terrace-shirt-sand.jpg", "Sand"),
        ("terrace-shirt-navy.jpg", "Navy"),
        ("terrace-shirt-back.jpg", None),
    ]


def test_the_variations_of_a_woocommerce_form_give_each_photo_its_colour() -> None:
    product = extract_found("woocommerce_variable.html", "https://gauge.example/product/rain-parka/")
    assert list_photos(product) == [
        ("parka-moss-green.jpg", "Moss Green"),
        ("parka-hood.jpg", None),
        ("parka-rust.jpg", "Rust"),
    ]


def test_a_woocommerce_page_has_the_same_id_as_in_the_api() -> None:
    product = extract_found("woocommerce_variable.html", "https://gauge.example/product/rain-parka/")
    assert list_sourced_values(product, "item_id") == [("418", "woocommerce")]


def test_rdfa_gives_the_fields_of_a_product() -> None:
    product = extract_found("rdfa.html", "https://harrow.example/scarf")
    assert list_sourced_values(product, "title", "brand", "sku", "price", "availability", "description") == [
        ("Wool scarf", "rdfa"),
        ("Harrow Lane", "rdfa"),
        ("SC-9", "rdfa"),
        ("35.00", "rdfa"),
        ("InStock", "rdfa"),
        ("Two metres of lambswool.", "rdfa"),
    ]


def test_values_beside_german_labels_are_extracted() -> None:
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


def test_images_below_a_heading_of_other_products_are_not_photos() -> None:
    assert list_photos(extract_found("german_printed.html", "https://nordkleid.example/leinenhemd")) == [
        ("hemd-1.jpg", None)
    ]


def test_a_printed_sku_is_not_an_item_id() -> None:
    product = extract_found("german_printed.html", "https://nordkleid.example/leinenhemd")
    assert product.item_id.source == "url"


def test_a_listing_of_cards_with_buy_buttons_is_not_a_product() -> None:
    assert extract_saved_page("listing_with_buttons.html", "https://corner.example/c/shirts") is None


def test_a_number_in_the_url_is_the_sku_if_the_page_shows_it_too() -> None:
    product = extract_found("classified_ad.html", "https://ads.example/furniture/oak-wardrobe-a20417733.html")
    assert list_sourced_values(product, "sku", "price") == [("20417733", "page"), ("180", "page")]
    assert list_photos(product) == [("front.jpg", None), ("side.jpg", None)]


def test_a_description_of_the_product_wins_over_boilerplate() -> None:
    product = extract_found("boilerplate_description.html", "https://mezzanine.example/velvet-gown")
    assert product.description is not None
    assert product.description.value.startswith("<p>A floor-length gown")


def test_a_page_is_decoded_by_the_charset_that_it_declares() -> None:
    product = extract_found("cyrillic_windows_1251.html", "https://lavka.example/plate")
    assert list_sourced_values(product, "title", "sku", "brand", "price") == [
        ("Платье льняное", "page"),
        ("5521-03", "page"),
        ("Лён и Ко", "page"),
        ("3450", "page"),
    ]


def test_a_magento_form_gives_the_id_and_its_gallery_no_video() -> None:
    product = extract_found("magento_form.html", "https://luma.example/trail-jacket.html")
    assert list_sourced_values(product, "item_id", "sku") == [("350", "magento"), ("MJ07", "magento")]
    assert list_photos(product) == [("mj07-red.jpg", "Rot"), ("mj07-blue.jpg", "Blau")]


def test_the_brand_of_a_data_layer_that_is_in_the_title_is_chosen() -> None:
    assert list_sourced_values(extract_found("data_layer_brand.html", "https://saltash.example/belt"), "brand") == [
        ("Saltash", "script")
    ]
