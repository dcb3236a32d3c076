"""Pages as shop software writes them: prices struck through, choices, photos that stand for none, data for scripts."""

# ruff: noqa: E501 (a row of a table cannot be broken)

import json
from typing import Any

import pytest

from crawler.extract.combine import extract_product_from_html
from crawler.extract.models import ExtractedProduct
from crawler.values.value_parsing import parse_brand

URL = "https://shop.example/p/linen-dress-10234"
CDN = "https://cdn.example/"
BUY = "<form action=/cart/add><button>Add to cart</button></form>"
PRODUCT = {
    "id": "10234", "name": "Linen dress", "slug": "linen-dress-10234", "price": {"value": 89.0, "currency": "EUR"},
    "images": [{"url": CDN + "a.jpg"}, {"url": CDN + "b.jpg"}], "brand": {"name": "Ida"},
}  # fmt: skip


def page(body: str, head: str = "") -> str:
    return f"<html><head><title>Linen dress | Shop</title>{head}</head><body>{body}</body></html>"


def product_page(inner: str) -> str:
    return page(f"<main><h1>Linen dress</h1><div class=product-gallery><img src=/i/a.jpg></div>{inner}{BUY}</main>")


def json_ld(data: dict[str, Any]) -> str:
    return f"<script type=application/ld+json>{json.dumps(data)}</script>"


def cards(count: int = 6) -> str:
    card = "<li class=card><a href=/p/dress-1000{0}><img src=/i/{0}.jpg><h3>Dress {0}</h3></a><span class=price>€ 2{0}</span></li>"
    return f"<ul class=products>{''.join(card.format(n) for n in range(count))}</ul>"


def extract(html: str, url: str = URL) -> ExtractedProduct:
    product = extract_product_from_html(html, url)
    assert product is not None
    return product


@pytest.mark.parametrize(
    "price",
    [
        "<p class=price><del><span class=amount>€ 129,00</span></del> <ins><span class=amount>€ 89,00</span></ins></p>",
        "<div class=price><s>€ 129,00</s><span>€ 89,00</span></div>",
        '<div class=price><span style="text-decoration: line-through">€ 129,00</span><span>€ 89,00</span></div>',
        "<div class=prices><span class='price price--compare'>€ 129,00</span><span class='price price--sale'>€ 89,00</span></div>",
        "<div class=price><span class=visually-hidden>Regular price</span><s>€ 129,00</s><span class=visually-hidden>Sale price</span> € 89,00</div>",
        "<del class=price>€ 129,00</del><div class=price>€ 89,00</div>",
        # The only price of a theme whose class names the regular one, and one with the net price beside it.
        "<div class=price><span class=price-item--regular>€ 89,00</span></div>",
        "<div class=price>€ 89,00 <span class=price-tax>€ 74,79</span></div>",
        json_ld({"@type": "Product", "name": "Linen dress", "offers": {"@type": "Offer", "priceSpecification": [
            {"@type": "UnitPriceSpecification", "priceType": "https://schema.org/ListPrice", "price": "129"},
            {"@type": "UnitPriceSpecification", "price": "8.90", "referenceQuantity": {"value": "100"}},
            {"@type": "UnitPriceSpecification", "price": "89.00", "priceCurrency": "EUR"}]}}),
    ],
)  # fmt: skip
def test_the_price_is_what_a_customer_pays_not_the_former_price(price: str) -> None:
    assert extract(product_page(price)).price.value == "89.00"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "choices",
    [
        "<fieldset><legend>Color</legend><input type=radio name=c id=b><label for=b>Blue</label><input type=radio name=c id=g><label for=g>Green</label></fieldset>",
        "<fieldset><legend>Color</legend><label><input type=radio name=c>Blue</label><label><input type=radio name=c>Green</label></fieldset>",
        "<div><span>Color:</span> <button>Blue</button><button>Green</button></div>",
        "<div><div>Farbe:</div><a class=color-option href='?c=1'>Blau</a> <a class=color-option href='?c=2'>Grün</a></div>",
        "<table><tr><th><label for=c>Color</label></th><td><select id=c><option value=''>Choose an option</option><option>Blue</option><option>Green</option></select><a href='#'>Clear</a></td></tr></table>",
    ],
)
def test_the_first_of_several_choices_is_not_the_colour_of_the_product(choices: str) -> None:
    assert extract(product_page(f"<span class=price>€ 89,00</span>{choices}")).colour is None


@pytest.mark.parametrize(
    "name",
    [
        "product-placeholder.png",
        "kein-bild.jpg",
        "pas-de-photo.jpg",
        "sin-imagen.jpg",
        "geen-afbeelding.png",
        "brak_zdjecia.jpg",
    ],
)
def test_a_picture_that_stands_for_a_missing_photo_is_none(name: str) -> None:
    photos = extract(product_page(f"<span class=price>€ 9</span><div class=gallery><img src=/i/{name}></div>")).photos
    assert [photo.value.url for photo in photos] == ["https://shop.example/i/a.jpg"]


def test_an_original_that_wordpress_scaled_is_one_photo_with_its_thumbnail() -> None:
    folder = "/wp-content/uploads/2026/01"
    html = product_page(f"<div class=gallery><img src={folder}/b-scaled.jpg><img src={folder}/b-150x150.jpg></div>")
    assert [p.value.url.rsplit("/", 1)[-1] for p in extract(html).photos] == ["a.jpg", "b-scaled.jpg"]


@pytest.mark.parametrize(
    "script",
    [
        f"<script>window.__remixContext = {json.dumps({'state': {'loaderData': {'product': PRODUCT}}})};</script>",
        f"<product-page :product='{json.dumps(PRODUCT)}'></product-page>",
        f'<div data-react-props="{json.dumps({"product": PRODUCT}).replace(chr(34), "&quot;")}"></div>',
        f"<script type=application/json>{json.dumps({**PRODUCT, 'price': {'centAmount': 8900, 'currencyCode': 'EUR', 'fractionDigits': 2}})}</script>",
        f"<script>window.__STATE__ = {json.dumps({'product': {'id': 'x', 'name': {'en': 'Linen dress'}, 'slug': {'en': 'linen-dress-10234'}, 'masterVariant': {'prices': [{'value': {'centAmount': 8900, 'currencyCode': 'EUR', 'fractionDigits': 2}}], 'images': PRODUCT['images']}}})}</script>",
    ],
    ids=["Remix", "Vue", "React", "price in cents", "commercetools"],
)
def test_the_data_for_the_scripts_of_a_page_is_read(script: str) -> None:
    product = extract(page(f"<div id=app></div>{script}"))
    assert product.title.value == "Linen dress"
    assert [photo.value.url for photo in product.photos] == [CDN + "a.jpg", CDN + "b.jpg"]
    assert product.price is None or float(product.price.value) == 89


@pytest.mark.parametrize(
    "script",
    [
        'dataLayer.push({"event": "view_item", "ecommerce": {"items": [{"item_id": "LD-1", "item_name": "Linen dress", "item_brand": "Ida", "price": 89.0}]}})',
        "dataLayer.push({'ecommerce': {'detail': {'products': [{'name': 'Linen dress', 'id': 'LD-1', 'price': '89.00', 'brand': 'Ida'}]}}})",
        'gtag("event", "view_item", {"currency": "EUR", "items": [{"item_id": "LD-1", "item_name": "Linen dress", "item_brand": "Ida", "price": 89}]})',
        'var meta = {"product":{"id":7,"vendor":"Ida","type":"Dresses","variants":[{"id":1,"price":8900,"name":"Linen dress","sku":"LD-1"}]}};var Shopify = {};',
        'var BCData = {"product_attributes":{"sku":"LD-1","price":{"without_tax":{"value":89,"currency":"EUR"}},"instock":true}};',
    ],
    ids=["Google Analytics 4", "Universal Analytics", "gtag", "Shopify", "BigCommerce"],
)
def test_what_a_shop_tells_its_analytics_fills_in_what_the_page_lacks(script: str) -> None:
    product = extract(product_page(f"<script>{script}</script>"))
    assert float(product.price.value) == 89  # type: ignore[union-attr]
    assert "BCData" in script or product.brand.value == "Ida"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("<h1>Shop</h1>", "Shop | Linen dress"),
        ("", "Shop - Linen dress"),
        ("<meta property=og:site_name content='La Maison'><h1>La Maison</h1>", "La Maison | Linen dress"),
        ("<h1>Linen dress</h1>", "Shop | Linen dress"),
    ],
)
def test_the_name_of_the_shop_is_not_the_title_of_a_product(heading: str, title: str) -> None:
    gallery = "<div class=gallery><img src=/i/a.jpg></div><span class=price>€ 89,00</span>"
    html = f"<html><head><title>{title}</title></head><body>{heading}{gallery}{BUY}</body></html>"
    assert extract(html).title.value == "Linen dress"


def test_the_product_in_an_attribute_of_prestashop_is_read_with_its_photos() -> None:
    images = [
        {"bySize": {}, "large": {"url": f"{CDN}{n}-large_default/dress.jpg"}, "id_image": str(n)} for n in (12, 13)
    ]
    data = {"id_product": "5", "name": "Linen dress", "price_amount": 89, "reference": "LD", "images": images}
    attribute = json.dumps(data).replace('"', "&quot;")
    product = extract(page(f'<h1>Linen dress</h1><div id=product-details data-product="{attribute}"></div>'))
    assert (product.item_id.value, product.sku.value if product.sku else "") == ("5", "LD")
    assert len(product.photos) == 2


def test_a_listing_with_the_rating_of_all_its_products_is_no_product() -> None:
    rating = {"@type": "Product", "name": "Dresses", "aggregateRating": {"ratingValue": "4.6", "reviewCount": "300"}}
    offers = {"offers": {"@type": "AggregateOffer", "lowPrice": "10", "highPrice": "99", "priceCurrency": "EUR"}}
    html = page(f"<h1>Dresses</h1>{cards()}{json_ld(rating | offers)}")
    assert extract_product_from_html(html, "https://shop.example/c/dresses") is None


@pytest.mark.parametrize(
    ("canonical", "url"),
    [
        ("/women/dresses/", URL),
        ("/p/10234", "https://shop.example/p/10234"),
        ("/linen-dress", "https://shop.example/linen-dress"),
    ],
)
def test_a_canonical_link_to_a_category_is_ignored_by_its_words(canonical: str, url: str) -> None:
    data = json_ld({"@type": "Product", "name": "Linen dress", "image": "/a.jpg", "offers": {"price": "89"}})
    assert extract(page(f"<h1>Linen dress</h1>{data}", f"<link rel=canonical href={canonical}>")).url == url


def test_a_brand_in_the_list_of_attributes_of_a_script_is_found() -> None:
    pair = json.dumps({"attrName": "Brand Name", "attrValue": "Fenwick"})
    html = product_page(f"<span class=price>€ 9</span><script>var x = [{pair}]; var y = 'brand: \"Other\"';</script>")
    assert extract(html).brand.value == "Fenwick"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "brand"),
    [
        ("Ver mais artigos da Marca: Fenwick", "Fenwick"),
        ("Brand Fenwick", "Fenwick"),
        ("by Fenwick", "Fenwick"),
        ("Brand", "Brand"),
        ("Fenwick: Blue Label", "Fenwick: Blue Label"),
        ("fenwick.com", ""),
    ],
)
def test_a_label_is_no_part_of_a_brand(text: str, brand: str) -> None:
    assert parse_brand(text) == brand
