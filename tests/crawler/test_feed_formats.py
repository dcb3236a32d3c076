"""The feeds and exports of shop software are recognised by their signatures and read with all their fields."""

# ruff: noqa: E501 (a row of a table cannot be broken)

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from weft.commands.extract import extract_feed

SHOP = "https://shop.example/"
BLUE, GREEN, FRONT = (f"https://cdn.example/{name}.jpg" for name in ("blue", "green", "front"))

GOOGLE_XML = f"""<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0" xmlns:c="http://base.google.com/cns/1.0">
<channel><item><g:id>1</g:id><g:item_group_id>D1</g:item_group_id>
<g:structured_title><g:digital_source_type>trained_algorithmic_media</g:digital_source_type>
<g:content>Linen dress</g:content></g:structured_title>
<g:structured_description><g:content>Washed linen.</g:content></g:structured_description>
<link>{SHOP}products/linen-dress</link><g:image_link>{BLUE}</g:image_link><g:color>Blue</g:color><g:brand>Fenwick</g:brand>
<g:price>89.00 EUR</g:price><c:neck type="string">Round</c:neck></item>
<item><g:id>2</g:id><g:item_group_id>D1</g:item_group_id><title>Linen dress</title><link>{SHOP}products/linen-dress</link>
<g:image_link>{GREEN}</g:image_link><g:color>Green</g:color><g:price>89.00 EUR</g:price></item></channel></rss>"""
GOOGLE_TSV = (
    "id\titem group id\ttitle\tdescription\tlink\timage link\tcolor\tbrand\tprice\tneck\n"
    f"1\tD1\tLinen dress\tWashed linen.\t{SHOP}products/linen-dress\t{BLUE}\tBlue\tFenwick\t89.00 EUR\tRound\n"
    f"2\tD1\tLinen dress\t\t{SHOP}products/linen-dress\t{GREEN}\tGreen\tFenwick\t89.00 EUR\t\n"
)
FACEBOOK_CSV = (
    "id,title,description,availability,condition,price,link,brand,item_group_id,color,image[0].url,image[0].tag[0]\n"
    f"1,Linen dress,Washed linen.,in stock,new,89.00 EUR,{SHOP}products/linen-dress,Fenwick,D1,Blue,{BLUE},x\n"
    f"2,Linen dress,,in stock,new,89.00 EUR,{SHOP}products/linen-dress,Fenwick,D1,Green,{GREEN},x\n"
)
SHOPIFY_CSV = (
    "Handle,Title,Body (HTML),Vendor,Type,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,"
    "Variant Price,Variant Barcode,Image Src,Image Position,Variant Image,Status\n"
    f"linen-dress,Linen dress,Washed linen.,Fenwick,Dresses,true,Color,Blue,Size,S,LD-B,89.00,'4006381333931,{FRONT},1,{BLUE},active\n"
    f"linen-dress,,,,,,,Green,,M,LD-G,89.00,,,,{GREEN},\n"
    f"linen-dress,,,,,,,,,,,,,https://cdn.example/back.jpg,2,,\n"
    "old-hat,Old hat,,Fenwick,Hats,false,,,,,OH,9.00,,,,,draft\n"
)
SHOPIFY_GRAPHQL = {
    "data": {
        "products": {
            "edges": [
                {
                    "node": {
                        "id": "gid://shopify/Product/7",
                        "title": "Linen dress",
                        "handle": "linen-dress",
                        "descriptionHtml": "<p>Washed linen.</p>",
                        "vendor": "Fenwick",
                        "productType": "Dresses",
                        "options": [{"name": "Color"}, {"name": "Size"}],
                        "images": {"edges": [{"node": {"url": BLUE}}, {"node": {"url": GREEN}}]},
                        "variants": {
                            "nodes": [
                                {
                                    "id": f"gid://shopify/ProductVariant/{n}",
                                    "sku": f"LD-{colour}",
                                    "barcode": "4006381333931",
                                    "price": {"amount": "89.00", "currencyCode": "EUR"},
                                    "selectedOptions": [
                                        {"name": "Color", "value": colour},
                                        {"name": "Size", "value": "S"},
                                    ],
                                    "image": {"url": url},
                                }
                                for n, (colour, url) in enumerate([("Blue", BLUE), ("Green", GREEN)])
                            ]
                        },
                    }
                }
            ]
        }
    }
}
SHOPIFY_BULK = "\n".join(
    map(
        json.dumps,
        [
            {"id": "gid://shopify/Product/7", "title": "Linen dress", "handle": "linen-dress", "vendor": "Fenwick",
             "descriptionHtml": "Washed linen.", "productType": "Dresses"},
            {"id": "gid://shopify/ProductVariant/1", "sku": "LD-B", "price": "89.00", "__parentId": "gid://shopify/Product/7",
             "selectedOptions": [{"name": "Color", "value": "Blue"}], "image": {"url": BLUE}},
            {"id": "gid://shopify/ProductVariant/2", "sku": "LD-G", "price": "89.00", "__parentId": "gid://shopify/Product/7",
             "selectedOptions": [{"name": "Color", "value": "Green"}], "image": {"url": GREEN}},
        ],
    )
)  # fmt: skip
WOOCOMMERCE_CSV = (
    'ID,Type,SKU,Name,Published,"Short description",Description,"In stock?","Regular price",Categories,Tags,Images,Parent,'
    '"Attribute 1 name","Attribute 1 value(s)","Attribute 1 visible","Brands"\n'
    f'44,variable,LD,Linen dress,1,,Washed linen.,1,,"Women > Dresses, Sale",linen,{FRONT},,Color,"Blue, Green",1,Fenwick\n'
    f'45,variation,LD-B,"Linen dress - Blue",1,,,1,89,,,{BLUE},id:44,Color,Blue,,\n'
    f'46,variation,LD-G,"Linen dress - Green",1,,,1,89,,,{GREEN},LD,Color,Green,,\n'
    "47,simple,OH,Old hat,-1,,,1,9,,,,,,,,\n"
)
WOOCOMMERCE_REST = [
    {"id": 44, "name": "Linen dress", "permalink": f"{SHOP}product/linen-dress/", "type": "variable", "sku": "LD",
     "description": "<p>Washed linen.</p>", "short_description": "", "price": "89", "stock_status": "instock",
     "brands": [{"name": "Fenwick"}], "categories": [{"id": 1, "name": "Dresses", "slug": "dresses"}],
     "images": [{"src": FRONT}], "attributes": [{"name": "Color", "options": ["Blue", "Green"], "variation": True}]},
    {"id": 45, "parent_id": 44, "name": "Linen dress - Blue", "permalink": f"{SHOP}product/linen-dress/?attribute=blue",
     "sku": "LD-B", "description": "", "short_description": "", "price": "89", "image": {"src": BLUE},
     "attributes": [{"name": "Color", "option": "Blue"}]},
    {"id": 46, "parent_id": 44, "name": "Linen dress - Green", "permalink": f"{SHOP}product/linen-dress/?attribute=green",
     "sku": "LD-G", "description": "", "short_description": "", "price": "89", "image": {"src": GREEN},
     "attributes": [{"name": "Color", "option": "Green"}]},
]  # fmt: skip
MAGENTO_CSV = (
    "sku,store_view_code,attribute_set_code,product_type,categories,name,description,price,url_key,base_image,"
    "additional_images,additional_attributes,configurable_variations,is_in_stock\n"
    f'LD-B,,Dress,simple,"Default Category/Women/Dresses",Linen dress-Blue-S,,89,linen-dress-blue,{BLUE},,"color=Blue,size=S",,1\n'
    f'LD-G,,Dress,simple,"Default Category/Women/Dresses",Linen dress-Green-S,,89,linen-dress-green,{GREEN},,"color=Green,size=S",,1\n'
    'LD,,Dress,configurable,"Default Category/Women/Dresses,Default Category/Sale",Linen dress,Washed linen.,,linen-dress,'
    '/l/d/front.jpg,"/l/d/back.jpg,/l/d/side.jpg","manufacturer=Fenwick,neck=Round","sku=LD-B,color=Blue|sku=LD-G,color=Green",1\n'
    "LD,de,,,,Leinenkleid,,,,,,,,\n"
)
MAGENTO_REST = {
    "items": [
        {"id": 1, "sku": "LD-B", "name": "Linen dress-Blue", "type_id": "simple", "price": 89, "custom_attributes": [],
         "media_gallery_entries": [{"media_type": "image", "file": "/b/l/blue.jpg"}]},
        {"id": 3, "sku": "LD", "name": "Linen dress", "type_id": "configurable", "price": 0,
         "extension_attributes": {"configurable_product_links": [1]},
         "media_gallery_entries": [{"media_type": "image", "file": "/f/r/front.jpg"}],
         "custom_attributes": [{"attribute_code": "description", "value": "Washed linen."},
                               {"attribute_code": "url_key", "value": "linen-dress"},
                               {"attribute_code": "color", "value": "49"},
                               {"attribute_code": "neck", "value": "Round"}]},
    ],
    "total_count": 2,
}  # fmt: skip
MAGENTO_GRAPHQL = {
    "data": {
        "products": {
            "items": [
                {"sku": "LD", "name": "Linen dress", "url_key": "linen-dress", "url_suffix": ".html",
                 "description": {"html": "Washed linen."}, "image": {"url": FRONT}, "media_gallery": [{"url": FRONT}],
                 "price_range": {"minimum_price": {"final_price": {"value": 89, "currency": "EUR"}}},
                 "categories": [{"name": "Dresses", "breadcrumbs": [{"category_name": "Women"}]}],
                 "variants": [{"attributes": [{"code": "color", "label": colour}],
                               "product": {"sku": colour, "media_gallery": [{"url": url}]}}
                              for colour, url in (("Blue", BLUE), ("Green", GREEN))]}
            ]
        }
    }
}  # fmt: skip
BIGCOMMERCE = {
    "data": [
        {"id": 9, "name": "Linen dress", "sku": "LD", "description": "Washed linen.", "price": 89, "brand_id": 3,
         "custom_url": {"url": "/linen-dress/", "is_customized": False}, "mpn": "M-9",
         "images": [{"url_standard": FRONT, "url_zoom": FRONT}],
         "variants": [{"sku": colour, "image_url": url, "upc": "4006381333931",
                       "option_values": [{"option_display_name": "Color", "label": colour}]}
                      for colour, url in (("Blue", BLUE), ("Green", GREEN))]}
    ],
    "meta": {"pagination": {"total": 1}},
}  # fmt: skip
BIGCOMMERCE_CSV = (
    "Item Type,Product ID,Product Name,Product Code/SKU,Brand Name,Product Description,Price,Category,Product URL,"
    "Product Image File - 1,Product Image File - 2\n"
    f"Product,9,Linen dress,LD,Fenwick,Washed linen.,89,Women/Dresses,{SHOP}linen-dress/,{FRONT},\n"
    f'  SKU,10,"[RT]Color=Blue,[S]Size=S",LD-B,,,,,,{BLUE},\n'
    f'  SKU,11,"[RT]Color=Green,[S]Size=S",LD-G,,,,,,{GREEN},\n'
)
PRESTASHOP = {
    "products": [
        {"id": 5, "name": [{"id": "1", "value": "Linen dress"}], "link_rewrite": [{"id": "1", "value": "linen-dress"}],
         "description": [{"id": "1", "value": "Washed linen."}], "reference": "LD", "ean13": "4006381333931",
         "price": "89.000000", "manufacturer_name": "Fenwick", "associations": {"images": [{"id": "12"}, {"id": "13"}]}}
    ]
}  # fmt: skip
PRESTASHOP_XML = """<?xml version="1.0"?><prestashop><products><product><id><![CDATA[5]]></id>
<name><language id="1"><![CDATA[Linen dress]]></language><language id="2"><![CDATA[Leinenkleid]]></language></name>
<description><language id="1"><![CDATA[<p>Washed linen.</p>]]></language></description><reference>LD</reference>
<price>89.000000</price><manufacturer_name>Fenwick</manufacturer_name></product></products></prestashop>"""
PRESTASHOP_CSV = (
    "ID;Active (0/1);Name *;Categories (x,y,z...);Price tax included;Reference #;Manufacturer;EAN13;Description;"
    "URL rewritten;Image URLs (x,y,z...);Feature(Name:Value:Position)\n"
    f"5;1;Linen dress;Women,Dresses;89.00;LD;Fenwick;4006381333931;Washed linen.;linen-dress;{BLUE},{GREEN};Neck:Round:1\n"
    "6;0;Old hat;Hats;9.00;OH;;;;;;\n"
)
SHOPWARE = {
    "elements": [
        {"id": "a1", "productNumber": "LD", "name": "x", "translated": {"name": "Linen dress", "description": "Washed linen."},
         "cover": {"media": {"url": FRONT}}, "media": [{"media": {"url": FRONT}}, {"media": {"url": BLUE}}],
         "manufacturer": {"translated": {"name": "Fenwick"}}, "ean": "4006381333931", "available": True,
         "calculatedPrice": {"unitPrice": 89.0}, "seoUrls": [{"seoPathInfo": "Linen-dress/LD"}],
         "categories": [{"translated": {"name": "Dresses", "breadcrumb": ["Home", "Women", "Dresses"]}}],
         "options": [{"name": "Blue", "group": {"translated": {"name": "Color"}}}],
         "properties": [{"translated": {"name": "Round"}, "group": {"translated": {"name": "Neck"}}}]}
    ]
}  # fmt: skip
SHOPWARE_CSV = (
    "ordernumber;mainnumber;name;supplier;description_long;price;categories;imageUrl\n"
    f"LD;LD;Linen dress;Fenwick;Washed linen.;89,00;Women|Dresses;{FRONT}\n"
)
OPENCART_CSV = (
    "product_id,name(en-gb),categories,sku,model,manufacturer,image_name,price,description(en-gb),status,additional images\n"
    '28,Linen dress,"20,27",LD,Dress 1,Fenwick,catalog/demo/front.jpg,89.0000,Washed linen.,true,catalog/demo/back.jpg\n'
    "29,Old hat,20,OH,Hat 1,,catalog/demo/hat.jpg,9.0000,,false,\n"
)
YANDEX = f"""<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE yml_catalog SYSTEM "shops.dtd">
<yml_catalog date="2026-01-01"><shop><name>Shop</name><currencies><currency id="RUR" rate="1"/></currencies>
<categories><category id="1">Women</category><category id="2" parentId="1">Dresses</category></categories><offers>
<offer id="1" group_id="D1" available="true"><url>{SHOP}products/linen-dress</url><price>89</price><currencyId>EUR</currencyId>
<categoryId>2</categoryId><picture>{BLUE}</picture><vendor>Fenwick</vendor><vendorCode>M-9</vendorCode><name>Linen dress</name>
<description><![CDATA[Washed linen.]]></description><barcode>4006381333931</barcode><param name="Цвет">Blue</param></offer>
<offer id="2" group_id="D1" available="true"><url>{SHOP}products/linen-dress</url><price>89</price><categoryId>2</categoryId>
<picture>{GREEN}</picture><typePrefix>Linen</typePrefix><model>dress</model><param name="Цвет">Green</param></offer>
</offers></shop></yml_catalog>"""
HEUREKA = f"""<?xml version="1.0" encoding="utf-8"?><SHOP><SHOPITEM><ITEM_ID>1</ITEM_ID><PRODUCTNAME>Linen dress</PRODUCTNAME>
<PRODUCT>Linen dress + gift</PRODUCT><DESCRIPTION>Washed linen.</DESCRIPTION><URL>{SHOP}products/linen-dress</URL>
<IMGURL>{BLUE}</IMGURL><IMGURL_ALTERNATIVE>{GREEN}</IMGURL_ALTERNATIVE><PRICE_VAT>89,00</PRICE_VAT>
<MANUFACTURER>Fenwick</MANUFACTURER><CATEGORYTEXT>Heureka.cz | Women | Dresses</CATEGORYTEXT><EAN>4006381333931</EAN>
<PARAM><PARAM_NAME>Neck</PARAM_NAME><VAL>Round</VAL></PARAM><ITEMGROUP_ID>D1</ITEMGROUP_ID></SHOPITEM></SHOP>"""
SKROUTZ = f"""<?xml version="1.0" encoding="UTF-8"?><mywebstore><created_at>2026-01-01 10:00</created_at><products><product>
<uid>1</uid><name><![CDATA[Linen dress]]></name><link><![CDATA[{SHOP}products/linen-dress]]></link><image>{BLUE}</image>
<additionalimage>{GREEN}</additionalimage><category><![CDATA[Women > Dresses]]></category><price_with_vat>89,00</price_with_vat>
<manufacturer>Fenwick</manufacturer><mpn>M-9</mpn><ean>4006381333931</ean><description>Washed linen.</description>
<instock>Y</instock><color>Blue</color></product></products></mywebstore>"""
CENEO = f"""<?xml version="1.0" encoding="utf-8"?><offers version="1"><o id="1" url="{SHOP}products/linen-dress" price="89.00"
avail="1"><cat><![CDATA[Women/Dresses]]></cat><name><![CDATA[Linen dress]]></name><imgs><main url="{BLUE}"/><i url="{GREEN}"/></imgs>
<desc><![CDATA[Washed linen.]]></desc><attrs><a name="Producent"><![CDATA[Fenwick]]></a><a name="EAN">4006381333931</a>
<a name="Neck">Round</a></attrs></o></offers>"""
RSS_MEDIA = f"""<?xml version="1.0"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"
xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Shop</title><item><guid>1</guid>
<title>Linen dress</title><link>{SHOP}products/linen-dress</link><description>Short.</description>
<content:encoded><![CDATA[<p>Washed linen.</p>]]></content:encoded><category>Dresses</category>
<media:group><media:content url="{BLUE}" medium="image"/><media:content url="{SHOP}film.mp4" medium="video"/></media:group>
<media:content url="{GREEN}" type="image/jpeg"/></item></channel></rss>"""
ITEM_LIST = {
    "@context": "https://schema.org",
    "@type": "ItemList",
    "itemListElement": [
        {"@type": "ListItem", "position": 1,
         "item": {"@type": "Product", "name": "Linen dress", "sku": "LD", "url": f"{SHOP}products/linen-dress",
                  "description": "Washed linen.", "brand": "Fenwick", "image": [BLUE, GREEN],
                  "offers": {"price": 89, "priceCurrency": "EUR"}}},
        {"@type": "ListItem", "position": 2, "url": f"{SHOP}products/hat"},
    ],
}  # fmt: skip
ALGOLIA = {
    "results": [
        {
            "hits": [
                {"objectID": "1", "name": "Linen dress", "url": f"{SHOP}products/linen-dress", "image": BLUE,
                 "description": "Washed linen.", "brand": "Fenwick", "price": {"EUR": {"default": 89}},
                 "hierarchicalCategories": {"lvl0": "Women", "lvl1": "Women > Dresses"},
                 "_highlightResult": {"name": {"value": "<em>Linen</em> dress"}}}
            ],
            "nbHits": 1,
        }
    ]
}  # fmt: skip

BOTH_COLOURS = {BLUE: "Blue", GREEN: "Green"}
FEEDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "Google Merchant XML": (GOOGLE_XML, {"photos": BOTH_COLOURS, "currency": "EUR"}),
    "Google Merchant TSV": (GOOGLE_TSV, {"photos": BOTH_COLOURS, "currency": "EUR"}),
    "Facebook CSV": (FACEBOOK_CSV, {"photos": BOTH_COLOURS}),
    "Shopify CSV": (SHOPIFY_CSV, {"photos": BOTH_COLOURS, "n_photos": 4, "gtin": "4006381333931", "skipped": "draft"}),
    "Shopify GraphQL": (SHOPIFY_GRAPHQL, {"photos": BOTH_COLOURS, "gtin": "4006381333931", "item_id": "7"}),
    "Shopify bulk export": (SHOPIFY_BULK, {"photos": BOTH_COLOURS, "item_id": "7"}),
    "WooCommerce CSV": (
        WOOCOMMERCE_CSV,
        {"photos": BOTH_COLOURS, "n_photos": 3, "item_id": "44", "skipped": "not published", "url": None,
         "categories": ["Sale", "Women > Dresses"]},
    ),
    "WooCommerce REST": (
        WOOCOMMERCE_REST,
        {"photos": BOTH_COLOURS, "n_photos": 3, "item_id": "44", "url": "product/linen-dress/"},
    ),
    "Magento CSV": (
        MAGENTO_CSV,
        {"photos": BOTH_COLOURS, "n_photos": 5, "url": "linen-dress.html", "skipped": "store view de",
         "categories": ["Sale", "Women > Dresses"]},
    ),
    "Magento REST": (MAGENTO_REST, {"n_photos": 2, "url": "linen-dress.html", "brand": None}),
    "Magento GraphQL": (
        MAGENTO_GRAPHQL,
        {"photos": BOTH_COLOURS, "n_photos": 3, "url": "linen-dress.html", "brand": None, "currency": "EUR"},
    ),
    "BigCommerce REST": (
        BIGCOMMERCE,
        {"photos": BOTH_COLOURS, "n_photos": 3, "url": "linen-dress/", "brand": None, "gtin": "4006381333931"},
    ),
    "BigCommerce CSV": (BIGCOMMERCE_CSV, {"photos": BOTH_COLOURS, "n_photos": 3, "url": "linen-dress/"}),
    "PrestaShop web service, JSON": (PRESTASHOP, {"n_photos": 2, "url": "5-linen-dress.html", "gtin": "4006381333931"}),
    "PrestaShop web service, XML": (PRESTASHOP_XML, {"url": None}),
    "PrestaShop CSV": (PRESTASHOP_CSV, {"n_photos": 2, "url": "5-linen-dress.html", "skipped": "not active"}),
    "Shopware Store API": (
        SHOPWARE,
        {"n_photos": 2, "url": "Linen-dress/LD", "colour": "Blue", "categories": ["Women > Dresses"]},
    ),
    "Shopware CSV": (SHOPWARE_CSV, {"n_photos": 1, "url": None}),
    "OpenCart CSV": (
        OPENCART_CSV,
        {"photos": {f"{SHOP}image/catalog/demo/front.jpg": None, f"{SHOP}image/catalog/demo/back.jpg": None},
         "url": "index.php?route=product/product&product_id=28", "skipped": "disabled"},
    ),
    "Yandex YML": (
        YANDEX,
        {"photos": BOTH_COLOURS, "gtin": "4006381333931", "mpn": "M-9", "categories": ["Women > Dresses"]},
    ),
    "Heureka": (HEUREKA, {"n_photos": 2, "gtin": "4006381333931", "categories": ["Women > Dresses"]}),
    "Skroutz": (SKROUTZ, {"n_photos": 2, "colour": "Blue", "mpn": "M-9", "categories": ["Women > Dresses"]}),
    "Ceneo": (CENEO, {"n_photos": 2, "gtin": "4006381333931", "categories": ["Women > Dresses"]}),
    "RSS with media": (RSS_MEDIA, {"n_photos": 2, "brand": None, "price": None, "categories": ["Dresses"]}),
    "schema.org ItemList": (ITEM_LIST, {"n_photos": 2, "currency": "EUR", "skipped": "only a link"}),
    "Algolia": (ALGOLIA, {"n_photos": 1, "currency": "EUR", "categories": ["Women > Dresses"]}),
}  # fmt: skip


def read_value(product: dict[str, Any], name: str) -> Any:
    value = product[name]
    return value["value"] if isinstance(value, dict) else value


@pytest.mark.parametrize("name", FEEDS)
def test_a_feed_of_this_format_gives_one_product_with_all_its_fields(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed, expected = FEEDS[name]
    path = tmp_path / "feed"
    path.write_text(feed if isinstance(feed, str) else json.dumps(feed), encoding="utf-8")
    (product,) = map(json.loads, extract_feed(path, SHOP))
    assert read_value(product, "title") == "Linen dress"
    assert "Washed linen." in read_value(product, "description")
    assert read_value(product, "brand") == expected.get("brand", "Fenwick")
    price = read_value(product, "price")
    assert (price and float(price)) == expected.get("price", 89)
    url = expected.get("url", "products/linen-dress")
    assert url is None or product["url"] == SHOP + url
    photos = {photo["url"]: photo["colour"] for photo in product["photos"]}
    assert {url: photos.get(url) for url in expected.get("photos", {})} == expected.get("photos", {})
    assert len(photos) == expected.get("n_photos", len(photos))
    for field in ("gtin", "mpn", "currency", "colour", "item_id"):
        if field in expected:
            assert read_value(product, field) == expected[field]
    if "categories" in expected:
        assert [path["value"] for path in product["categories"]] == expected["categories"]
    assert expected.get("skipped", "") in capsys.readouterr().err


ENCODINGS = {
    "utf-8-sig": "Kleid Übergröße",
    "utf-16": "Kleid Übergröße",
    "utf-16-le": "Kleid Übergröße",
    "utf-16-be": "Kleid Übergröße",
    "cp1252": "Kleid Übergröße",
    "cp1251": "Платье льняное",
    "cp932": "リネンワンピース",
    "euc_jp": "リネンワンピース",
    "euc_kr": "린넨 롱 원피스",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("layout", ["csv", "xml", "json"])
def test_a_feed_in_any_encoding_is_read(encoding: str, layout: str, tmp_path: Path) -> None:
    title = ENCODINGS[encoding]
    text = {
        "csv": f"id,title,link\n1,{title},{SHOP}p/1\n",
        # The declaration is wrong, as it often is.
        "xml": f'<?xml version="1.0" encoding="UTF-8"?><rss><item><id>1</id><title>{title}</title></item></rss>',
        "json": json.dumps([{"id": 1, "title": title}], ensure_ascii=False),
    }[layout]
    path = tmp_path / "feed"
    path.write_bytes(text.encode(encoding))
    assert [json.loads(line)["title"]["value"] for line in extract_feed(path, SHOP)] == [title]


def test_a_feed_that_is_compressed_twice_is_read(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    path.write_bytes(gzip.compress(gzip.compress(b"id,title\n1,Hat\n")))
    assert len(list(extract_feed(path, SHOP))) == 1


@pytest.mark.parametrize(
    ("written", "title", "url"),
    [
        ("Dolce & Co", "Dolce & Co", "p?id=1&amp;c=2"),
        ("Dolce &amp; Co", "Dolce & Co", "p?id=1&c=2"),
        ("<![CDATA[Dolce & Co]]>", "Dolce & Co", "p?id=1&c=2"),
        ("Sch&ouml;n &amp; leicht", "Schön & leicht", "p?id=1&copy=2"),
        ("M&M&#8217;s&#0;", "M&M’s", "p?id=1&c=2"),
        ("A\x0bB &undeclared; C", "AB &undeclared; C", "p?id=1&c=2"),
    ],
)
@pytest.mark.parametrize(
    "noise", ["", "\n\n", "<br />\n<b>Warning</b>: Undefined in <b>/a.php</b><br />\n", "Notice: x\n"]
)
def test_xml_that_shops_write_wrongly_keeps_its_text_and_urls(
    written: str, title: str, url: str, noise: str, tmp_path: Path
) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(
        f'{noise}<?xml version="1.0"?><rss><channel><item><id>1</id><title>{written}</title>'
        f"<link>{SHOP}{url}</link></item></channel></rss>"
    )
    (product,) = map(json.loads, extract_feed(path, SHOP))
    assert product["title"]["value"] == title
    assert product["url"] == SHOP + url.replace("&amp;", "&")


def test_an_unclosed_quote_costs_its_own_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "feed.csv"
    rows = "".join(f'{n},"Hat {n}",/p/{n}\n' for n in range(3, 3000))
    path.write_text('id,title,link\n1,"Hat, /p/1\n2,"Hat 2",/p/2\n' + rows)
    assert len(list(extract_feed(path, SHOP))) == 2998
    assert "row 1" in capsys.readouterr().err


def test_a_table_with_a_separator_line_surplus_blank_cells_and_a_huge_cell_is_read(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text(f'sep=;\nid;title;description\n1;Hat;"{"x" * 200_000}";;\n2;Cap;A cap.\n')
    assert len(list(extract_feed(path, SHOP))) == 2


def test_quotes_inside_the_cells_of_a_table_of_tabs_are_text(tmp_path: Path) -> None:
    path = tmp_path / "feed.tsv"
    path.write_text('id\ttitle\tlink\n1\t"Ida" dress\t/p/1\n2\t"Bold tee\t/p/2\n3\t5" print\t/p/3\n')
    titles = [json.loads(line)["title"]["value"] for line in extract_feed(path, SHOP)]
    assert titles == ['"Ida" dress', '"Bold tee', '5" print']
    path.write_text('id\ttitle\tlink\n1\t"A ""long""\ndress"\t/p/1\n')
    assert [json.loads(line)["title"]["value"] for line in extract_feed(path, SHOP)] == ['A "long" dress']
