"""Values beside labels in many languages, values in elements named by class or id, and ids in the URL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.page import attribute_hints, printed_values, purchase_signals
from crawler.page.document import Document, parse_html
from crawler.values import labelled_values, value_parsing


def parse_page(body: str, url: str = "https://shop.example/p/hat") -> Document:
    return parse_html(f"<html><body><h1>Hat</h1>{body}</body></html>", url)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<table><tr><th>SKU</th><td>AB-12</td></tr></table>", {"sku": "AB-12"}),
        ("<dl><dt>Marque :</dt><dd>Fenwick</dd></dl>", {"brand": "Fenwick"}),
        ("<ul><li>Brand: <a href='/b'>B&amp;S</a></li></ul>", {"brand": "B&S"}),
        ("<p><strong>Šifra:</strong> 0638</p>", {"reference": "0638"}),
        ("<p>Код: 01245</p>", {"reference": "01245"}),
        ("<div><span>Cikkszám</span><span>K 77-1</span></div>", {}),
        ("<div><span>品番</span><span>ZX-900</span></div>", {"sku": "ZX-900"}),
        ("<div><div><b>Marka</b></div><div>Saltash</div></div>", {"brand": "Saltash"}),
        ("<p>Ref. 0210/088</p>", {"reference": "0210/088"}),
        ("<p>Artikelnr. 8815952953</p>", {"sku": "8815952953"}),
        ("<p>EAN: 4006381333931</p>", {"gtin": "4006381333931"}),
        ("<p>EAN: 4006381333932</p>", {}),
        ("<table><tr><td><b>Hersteller</b></td><td>Gauge</td></tr></table>", {"manufacturer": "Gauge"}),
        ("<p>Our brand stands for comfort: since 1894.</p>", {}),
        ("<p>SKU: please choose a size</p>", {}),
        ("<footer><p>SKU: 999</p></footer>", {}),
        ("<section class='related'><p>Brand: Other</p></section>", {}),
    ],
)
def test_the_value_beside_a_label_is_extracted(body: str, expected: dict[str, str]) -> None:
    assert printed_values.find_labelled_values(parse_page(body)) == expected


@pytest.mark.parametrize(
    ("body", "sku", "brand"),
    [
        ("<span class='product-sku'>AB-12</span>", "AB-12", ""),
        ("<span id='sku'>SKU: AB-12</span>", "AB-12", ""),
        ("<p class='article-number'>Art. Nr.: 7730-12</p>", "7730-12", ""),
        ("<div data-sku='AB-12'></div>", "AB-12", ""),
        ("<span data-testid='product-reference'>0210/088</span>", "0210/088", ""),
        ("<div class='brand'>Fenwick</div>", "", "Fenwick"),
        ("<a class='product-brand' href='/x'><img alt='Fenwick' src='/f.svg'></a>", "", "Fenwick"),
        ("<a href='/marken/fenwick'>Fenwick</a>", "", "Fenwick"),
        ("<div class='brand'>Fenwick &amp; Co<button>Follow</button></div>", "", "Fenwick & Co"),
        ("<div class='brand'>12/09(Wed)</div>", "", ""),
        ("<div class='skull'>AB-12</div><div class='rebrand'>Fenwick</div>", "", ""),
    ],
)
def test_sku_and_brand_are_found_by_class_id_and_data_attribute(body: str, sku: str, brand: str) -> None:
    assert (attribute_hints.find_sku(parse_page(body)), attribute_hints.find_brand(parse_page(body))) == (sku, brand)


@pytest.mark.parametrize(
    ("url", "body", "number"),
    [
        ("https://shop.example/p/hat-771234", "<i data-id='771234'></i>", "771234"),
        ("https://shop.example/c7200a771234/hat.html", "<b>771234</b>", "771234"),
        ("https://shop.example/dp/B07FW264WL", "<input value='B07FW264WL'>", "B07FW264WL"),
        ("https://shop.example/x?sku=1357247&page=20202", "<b>1357247</b>", "1357247"),
        ("https://shop.example/p/hat-771234", "<a href='/p/hat-771234'>x</a>", ""),
        ("https://shop.example/p/hat-771234", "", ""),
        ("https://shop.example/p/hat-2024", "<b>2024</b>", ""),
    ],
)
def test_a_number_in_the_url_counts_if_it_is_a_value_on_the_page(url: str, body: str, number: str) -> None:
    assert attribute_hints.find_url_product_id(parse_page(body, url)) == number


@pytest.mark.parametrize(
    "button",
    ["Add to bag", "In den Warenkorb", "Do košíka", "В корзину", "カートに入れる", "장바구니", "Ajouter au panier"],
)
def test_a_buy_button_is_recognised_in_many_languages(button: str) -> None:
    assert purchase_signals.has_buy_button(parse_page(f"<button>{button}</button>"))
    assert not purchase_signals.has_buy_button(parse_page(f"<nav><button>{button}</button></nav>"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://schema.org/InStock", "InStock"),
        ("in stock", "InStock"),
        ("OUT_OF_STOCK", "OutOfStock"),
        ("oos", "OutOfStock"),
        ("PreOrder", "PreOrder"),
        ("soon", ""),
    ],
)
def test_availability_is_a_name_of_schema_org(text: str, expected: str) -> None:
    assert value_parsing.parse_availability(text) == expected


def test_labels_are_classified_regardless_of_case_and_punctuation() -> None:
    assert labelled_values.classify_label("Farbe:") == "colour"
    assert labelled_values.classify_label("ITEM_NUMBER") == "sku"
    assert labelled_values.classify_label("Farbenfroh") == ""


@given(st.text(alphabet="<>/abdtrlipSKU:= '\"1-9", max_size=150))
def test_no_broken_page_raises_an_error(body: str) -> None:
    document = parse_page(body)
    printed_values.find_labelled_values(document)
    attribute_hints.find_sku(document)
    attribute_hints.find_brand(document)
    attribute_hints.find_form_product_id(document)
    purchase_signals.find_price(document)
    assert purchase_signals.has_buy_button(document) in (True, False)
