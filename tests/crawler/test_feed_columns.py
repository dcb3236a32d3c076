"""Feeds are read in the forms that shops write them: other languages, newer exports, several attributes in a cell."""

# ruff: noqa: E501 (a row of a table cannot be broken)

import json
from typing import Any

import pytest

from crawler.extract.models import ExtractedProduct
from crawler.feeds import merge_variants, reader
from crawler.values.column_names import normalise_name

SHOP = "https://shop.example/"


def read(feed: str | bytes | dict[str, Any]) -> tuple[list[ExtractedProduct], list[str]]:
    """Return the products of a feed and the reasons of its bad rows."""
    text = json.dumps(feed) if isinstance(feed, dict) else feed
    body = text.encode() if isinstance(text, str) else text
    reasons: list[str] = []
    handlers = iter((lambda row, reason: None, lambda row, reason: reasons.append(f"{row}: {reason}")))
    products = list(merge_variants(lambda: reader.read_products(body, SHOP, next(handlers))))
    return products, reasons


def describe(product: ExtractedProduct) -> dict[str, Any]:
    fields = ("title", "brand", "colour", "gtin", "price", "currency", "group_id")
    return {
        **{name: value.value for name in fields if (value := getattr(product, name))},
        "url": product.url.removeprefix(SHOP),
        "categories": [path.value for path in product.categories],
        "attributes": [f"{a.value.name}={a.value.value}" for a in product.attributes],
        "photos": [(p.value.url.rsplit("/", 1)[-1], p.value.colour) for p in product.photos],
    }


FEEDS: dict[str, tuple[str | bytes | dict[str, Any], dict[str, Any]]] = {
    "Google, only with Google's own category": (
        "id,title,link,image_link,google_product_category,price\n1,Coat,/p/1,/1.jpg,Apparel > Coats,12.00 GBP\n",
        {"categories": ["Apparel > Coats"], "price": "12.00", "currency": "GBP"},
    ),
    "Google, product_detail in a table": (
        'id,title,link,product_detail\n1,Coat,/p/1,"General:Fit:Regular,General:Neck:Round"\n',
        {"attributes": ["Fit=Regular", "Neck=Round"]},
    ),
    "Google, structured_title in a table": (
        'id\tstructured_title\tlink\n1\ttrained_algorithmic_media:"Wool coat"\t/p/1\n',
        {"title": "Wool coat"},
    ),
    "attributes in a column of that name": (
        "id,title,link,attributes\n1,Coat,/p/1,Fit:Regular|Neck:Round\n",
        {"attributes": ["Fit=Regular", "Neck=Round"]},
    ),
    "WooCommerce, two columns that mean one": (
        "ID,Type,SKU,Artikelnummer,Name,Published\n1,simple,A1,B1,Coat,1\n",
        {"title": "Coat", "url": "?id=1"},
    ),
    "Shopify's old columns beside a field of the shop's own": (
        "Handle,Title,Body (HTML),Variant SKU,Variant Price,Description (product.metafields.custom.description),Price\n"
        "coat,Coat,<p>Wool</p>,A1,20.00,Not this,30\n",
        {"title": "Coat", "price": "20.00"},
    ),
    "Facebook, XML listings": (
        f"<listings><title>Shop</title><listing><id>1</id><title>Coat</title><link>{SHOP}p/1</link><image><url>{SHOP}1.jpg"
        f"</url><tag>front</tag></image><image><url>{SHOP}2.jpg</url></image><price>50.00 EUR</price></listing></listings>",
        {"title": "Coat", "photos": [("1.jpg", None), ("2.jpg", None)], "price": "50.00"},
    ),
    "Facebook, a template with a line of comments": (
        "# Required | The id,# Required | The title,# Required\nid,title,link\n1,Coat,/p/1\n",
        {"title": "Coat", "url": "p/1"},
    ),
    "Shopify, the columns of 2024": (
        "Title,URL handle,Description,Vendor,Published on online store,Status,SKU,Barcode,Option1 name,Option1 value,Price,"
        "Product image URL,Image position,Variant image URL\n"
        "Tee,tee,<p>Soft</p>,Ida,TRUE,Active,T-B,4006381333931,Color,Blue,19.90,/a.jpg,1,/b.jpg\n"
        ",tee,,,,,T-R,,,Red,19.90,,,/r.jpg\n",
        {"url": "products/tee", "price": "19.90", "gtin": "4006381333931", "brand": "Ida",
         "attributes": ["Color=Blue", "Color=Red"], "photos": [("a.jpg", None), ("b.jpg", "Blue"), ("r.jpg", "Red")]},
    ),
    "Shopify, the Storefront API": (
        {"data": {"product": {"id": "gid://shopify/Product/7", "title": "Tee", "handle": "tee", "descriptionHtml": "x",
            "variants": {"edges": [{"node": {"id": "gid://shopify/ProductVariant/1", "sku": "T-B",
                "priceV2": {"amount": "19.9", "currencyCode": "EUR"}}}]}}}},
        {"price": "19.9", "currency": "EUR"},
    ),
    "WooCommerce in German": (
        'ID,Typ,Artikelnummer,Name,Veröffentlicht,"Regulärer Preis",Kategorien,Bilder,"Übergeordnetes Produkt","Attribut 1 Name","Attribut 1 Wert(e)"\n'
        '44,variable,LD,Leinenkleid,1,,"Damen > Kleider",/a.jpg,,Farbe,"Blau, Grün"\n'
        "45,variation,LD-B,Leinenkleid - Blau,1,89,,/b.jpg,LD,Farbe,Blau\n46,variation,LD-G,Leinenkleid - Grün,1,89,,/g.jpg,id:44,Farbe,Grün\n",
        {"title": "Leinenkleid", "price": "89", "categories": ["Damen > Kleider"], "attributes": ["Farbe=Blau", "Farbe=Grün"],
         "photos": [("a.jpg", None), ("b.jpg", "Blau"), ("g.jpg", "Grün")]},
    ),
    "WooCommerce in French": (
        'ID,Type,UGS,Nom,Publié,"Tarif régulier",Catégories,Images,Parent,"Nom de l’attribut 1","Valeur(s) de l’attribut 1"\n'
        "44,simple,LD,Robe,1,89,Femme > Robes,/a.jpg,,Couleur,Bleu\n",
        {"title": "Robe", "price": "89", "categories": ["Femme > Robes"], "attributes": ["Couleur=Bleu"], "colour": "Bleu"},
    ),
    "PrestaShop, the list of products": (
        "Product ID;Image;Name;Reference;Category;Price (tax excl.);Price (tax incl.);Quantity;Status;Position\n"
        "1;/12-home_default/dress.jpg;Dress;LD;Dresses;73.109244;89.000000;5;1;1\n",
        {"title": "Dress", "price": "89.000000", "categories": ["Dresses"]},
    ),
    "PrestaShop, the web service in XML": (
        "<prestashop xmlns:xlink='http://www.w3.org/1999/xlink'><products><product><id>5</id><reference>LD</reference><price>23.900000</price>"
        "<name><language id='1'>Dress</language><language id='2'>Kleid</language></name><link_rewrite><language id='1'>dress</language></link_rewrite>"
        "<manufacturer_name>Ida</manufacturer_name><associations><images><image xlink:href='/api/images/5/12'><id>12</id></image></images></associations>"
        "</product></products></prestashop>",
        {"title": "Dress", "brand": "Ida", "url": "5-dress.html", "photos": [("dress.jpg", None)], "attributes": []},
    ),
    "Shopware 5": (
        "ordernumber;mainnumber;name;supplier;price_EK;categories;imageUrl;configuratorOptions\n"
        "SW1.1;SW1.1;Kleid;Ida;89,00;Damen|Kleider;/a.jpg;Farbe:Blau|Größe:S\nSW1.2;SW1.1;Kleid;Ida;89,00;;/r.jpg;Farbe:Rot|Größe:S\n",
        {"title": "Kleid", "brand": "Ida", "price": "89.00", "attributes": ["Farbe=Blau", "Größe=S", "Farbe=Rot"],
         "photos": [("a.jpg", "Blau"), ("r.jpg", "Rot")]},
    ),
    "Yandex, offers with a type": (
        f'<yml_catalog><shop><categories><category id="1">Платья</category></categories><offers><offer id="9" type="vendor.model"><url>{SHOP}p</url>'
        "<price>1990</price><currencyId>RUR</currencyId><categoryId>1</categoryId><typePrefix>Платье</typePrefix><vendor>Ида</vendor>"
        '<model>Лён</model></offer></offers></shop></yml_catalog>',
        {"title": "Платье Ида Лён", "currency": "RUB", "categories": ["Платья"], "attributes": []},
    ),
    "a table in German": (
        "Artikelnummer;Bezeichnung;Beschreibung;Preis;Bild;Farbe;Marke;Kategorie;Größe\nLD;Leinenkleid;Gewaschen;89,00 €;/a.jpg;Blau;Ida;Damen > Kleider;M\n",
        {"title": "Leinenkleid", "price": "89.00", "colour": "Blau", "brand": "Ida", "categories": ["Damen > Kleider"], "attributes": ["größe=M"]},
    ),
    "a table in Japanese": (
        "商品番号,商品名,商品説明,販売価格,商品画像,カラー,ブランド,カテゴリ\nLD,リネンワンピース,麻,8900円,/a.jpg,ブルー,イダ,ワンピース\n".encode("cp932"),
        {"title": "リネンワンピース", "price": "8900", "colour": "ブルー", "brand": "イダ", "categories": ["ワンピース"]},
    ),
    "prices in cents, and names by language": (
        {"products": [{"id": "x1", "name": {"en": "Linen dress", "de-AT": "Leinenkleid"}, "url": "/p/x1",
            "price": {"centAmount": 8900, "currencyCode": "EUR", "fractionDigits": 2}}]},
        {"title": "Linen dress", "price": "89.00", "currency": "EUR"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FEEDS)
def test_a_feed_is_read_as_its_shop_writes_it(name: str) -> None:
    feed, expected = FEEDS[name]
    products, reasons = read(feed)
    assert len(products) == 1, reasons
    described = describe(products[0])
    assert {key: described.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("feed", "reason"),
    [
        ("Handle,Title,Published,Option1 Name,Variant Price\ntee,Tee,false,,9\n", "row 1: it is not published"),
        ("sku,product_type,url_key,name,product_online\nA,simple,a,Tee,2\n", "row 1: it is disabled"),
        ("Product ID,Item Type,Product Name\n8,SKU,Color=Blue\n", "row 1: expected a row of a product"),
    ],
)
def test_a_row_that_the_shop_does_not_show_is_left_out_with_its_reason(feed: str, reason: str) -> None:
    products, reasons = read(feed)
    assert products == []
    assert len(reasons) == 1
    assert reasons[0].startswith(reason)


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("g:Image Link", "image_link"),
        ("Body (HTML)", "body"),
        ("name(en-gb)", "name"),
        ("image[0].url", "image_url"),
        ("Price (tax incl.)", "price_tax_incl"),
        ("itemGroupId", "item_group_id"),
        ("Attribut 12 Wert(e)", "attribute_12_value"),
        ("Nombre del atributo 2", "attribute_2_name"),
        ("Preis", "price"),
        ("Цвет", "color"),
        ("브랜드", "brand"),
        ("Ausschnitt", "ausschnitt"),
        ("Weitere Angaben", "weitere_angaben"),
    ],
)
def test_names_of_columns_are_compared_in_english(column: str, name: str) -> None:
    assert normalise_name(column) == name
