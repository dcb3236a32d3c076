"""Feeds of all formats give the same fields as pages; a bad row is reported and never stops the reading."""

import contextlib
import gzip
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.decoding.byte_stream import open_limited
from crawler.extract.models import ExtractedProduct
from crawler.feeds import (
    csv_products,
    json_lines_products,
    json_products,
    merge_variants,
    xml_products,
)
from weft.errors import ShopError

BASE = "https://shop.example/feed"


def to_stream(value: object) -> io.BytesIO:
    return io.BytesIO(json.dumps(value).encode())


class RecordedBadRows(list[tuple[str, str]]):
    def __call__(self, row: str, reason: str) -> None:
        self.append((row, reason))


def make_shopify_entry(**more: object) -> dict[str, object]:
    return {
        "id": 632,
        "title": "Dawn shirt",
        "handle": "dawn-shirt",
        "body_html": "<p>Soft linen.</p>",
        "vendor": "Fenwick",
        "product_type": "Shirts",
        "tags": ["linen", "sale:20", "__label"],
        "options": [{"name": "Colour", "position": 1}, {"name": "Size", "position": 2}],
        "variants": [
            {"id": n, "option1": colour, "option2": size, "sku": f"DS-{n}", "price": "19.90", "available": n == 4}
            for n, (colour, size) in enumerate([("Red", "S"), ("Red", "M"), ("Blue", "S"), ("Blue", "M")], 1)
        ],
        "images": [
            {"src": "https://cdn.example/back.jpg", "position": 3, "variant_ids": []},
            {"src": "//cdn.example/red.jpg", "position": 1, "variant_ids": [1, 2]},
            {"src": "https://cdn.example/blue.jpg", "position": 2, "variant_ids": [3, 4]},
        ],
        **more,
    }


def test_shopify_merges_sizes_and_keeps_the_colour_of_each_photo() -> None:
    (product,) = json_products(to_stream({"products": [make_shopify_entry()]}), BASE)
    assert (product.item_id.value, product.url) == ("632", "https://shop.example/products/dawn-shirt")
    assert product.title.value == "Dawn shirt"
    assert product.brand is not None
    assert (product.brand.value, product.brand.source, product.colour) == ("Fenwick", "shopify", None)
    assert [(p.value.url, p.value.colour) for p in product.photos] == [
        ("https://cdn.example/red.jpg", "Red"),
        ("https://cdn.example/blue.jpg", "Blue"),
        ("https://cdn.example/back.jpg", None),
    ]
    assert product.availability is not None
    assert product.availability.value == "InStock"
    attributes = [(a.value.name, a.value.value) for a in product.attributes]
    assert ("Size", "M") in attributes
    assert ("tag", "linen") in attributes
    assert not any("label" in value or "sale" in value for _, value in attributes)


def test_prices_of_shopify_s_js_are_in_cents() -> None:
    js = make_shopify_entry(
        variants=[{"id": 1, "title": "S", "price": 1990}], images=["//cdn.example/a.jpg"], description="Long."
    )
    (product,) = json_products(to_stream(js), BASE)
    (other,) = json_products(to_stream({"product": make_shopify_entry()}), BASE)
    assert product.price is not None
    assert other.price is not None
    assert (product.price.value, other.price.value) == ("19.90", "19.90")


def make_woocommerce_entry(**more: object) -> dict[str, object]:
    return {
        "id": 77,
        "parent": 0,
        "name": "Men&#8217;s shirt",
        "permalink": "https://shop.example/product/shirt/?utm_source=x",
        "sku": "W-77",
        "description": "<p>A long description of it.</p>",
        "short_description": "<p>Short.</p>",
        "prices": {"price": "1999", "currency_minor_unit": 2},
        "is_in_stock": False,
        "images": [{"src": "https://shop.example/wp-content/uploads/a-324x324.jpg"}],
        "categories": [
            {"name": "Shirts", "link": "https://shop.example/product-category/men/shirts/"},
            {"name": "Men", "link": "https://shop.example/product-category/men/"},
        ],
        "attributes": [{"name": "Farbe", "terms": [{"name": "Blau"}]}],
        **more,
    }


def test_woocommerce_gives_every_field() -> None:
    (extracted,) = json_products(to_stream([make_woocommerce_entry()]), BASE)
    product = extracted.to_product("shop")
    assert (product.product_id, product.title, product.url) == (
        "shop/77",
        "Men’s shirt",
        "https://shop.example/product/shirt/",
    )
    assert (product.colour, product.categories) == ("Blau", ("Men > Shirts",))
    assert product.description == "<p>A long description of it.</p>"
    assert product.photos[0].url == "https://shop.example/wp-content/uploads/a.jpg"
    assert extracted.price is not None
    assert extracted.availability is not None
    assert (extracted.price.value, extracted.availability.value) == ("19.99", "OutOfStock")


def test_a_woocommerce_variation_has_the_id_of_its_parent() -> None:
    (product,) = json_products(to_stream([make_woocommerce_entry(id=78, parent=77)]), BASE)
    assert product.item_id.value == "77"


RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>
<link>https://shop.example</link>{items}</channel></rss>"""
ITEM = """<item><g:id>{id}</g:id><g:item_group_id>{group}</g:item_group_id>
<title>plain</title><g:title>{title}</g:title>
<g:description>&lt;p&gt;Soft &amp;amp; warm&lt;/p&gt;</g:description><link>/p/{group}?utm_source=feed</link>
<g:image_link>/{colour}.jpg</g:image_link><g:additional_image_link>/{colour}-2.jpg</g:additional_image_link>
<g:color>{colour}</g:color><g:size>{size}</g:size><g:brand>Fenwick</g:brand><g:gtin>4006381333931</g:gtin>
<g:product_type>Women &gt; Tops</g:product_type><g:google_product_category>212</g:google_product_category>
<g:price>19.90 EUR</g:price><g:availability>in_stock</g:availability><g:shipping><g:price>5 EUR</g:price></g:shipping>
<g:product_detail><g:attribute_name>Neck</g:attribute_name><g:attribute_value>Round</g:attribute_value></g:product_detail>
</item>"""


def render_rss(*rows: tuple[str, str, str, str], title: str = "Shirt") -> bytes:
    items = [ITEM.format(id=i, group=g, colour=c, size=s, title=title) for i, g, c, s in rows]
    return RSS.format(items="".join(items)).encode()


def test_a_merchant_feed_gives_every_field() -> None:
    (product,) = xml_products(io.BytesIO(render_rss(("A1", "G1", "red", "S"))), BASE)
    assert (product.item_id.value, product.item_id.source) == ("G1", "merchant")
    assert (product.title.value, product.url) == ("Shirt", "https://shop.example/p/G1")
    fields = {
        name: getattr(product, name).value for name in ("sku", "gtin", "brand", "colour", "price", "availability")
    }
    assert fields == {
        "sku": "A1",
        "gtin": "4006381333931",
        "brand": "Fenwick",
        "colour": "red",
        "price": "19.90",
        "availability": "InStock",
    }
    assert [path.value for path in product.categories] == ["Women > Tops"]
    assert ("Neck", "Round") in [(a.value.name, a.value.value) for a in product.attributes]
    assert [photo.value.url[-9:] for photo in product.photos] == ["e/red.jpg", "red-2.jpg"]


def test_items_of_one_group_are_one_product_in_any_order_and_photos_keep_their_colour() -> None:
    rows = [("A1", "G1", "red", "S"), ("B1", "G2", "red", "S"), ("A2", "G1", "red", "M"), ("A3", "G1", "blue", "S")]
    first, second = merge_variants(lambda: xml_products(io.BytesIO(render_rss(*rows)), BASE))
    assert [first.item_id.value, second.item_id.value] == ["G2", "G1"]
    assert (second.colour, len(second.photos)) == (None, 4)
    assert {photo.value.colour for photo in second.photos} == {"red", "blue"}
    assert first.colour is not None


def test_an_atom_feed_gives_the_same_fields_as_rss() -> None:
    atom = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>
    <entry><id>tag:1</id><g:id>A1</g:id><title>Hat</title><link rel="self" href="/x"/><link href="/p/hat"/>
    <summary>Felt.</summary><g:image_link>/hat.jpg</g:image_link></entry></feed>"""
    (product,) = xml_products(io.BytesIO(atom.encode()), BASE)
    assert (product.item_id.value, product.title.value, product.url) == ("A1", "Hat", "https://shop.example/p/hat")


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
    ],
)
def test_a_feed_that_declares_entities_is_refused(dtd: str) -> None:
    body = dtd + RSS.format(items="<item><title>&a;&x;</title></item>").partition("?>")[2]
    with pytest.raises(ShopError, match="document type"):
        list(xml_products(io.BytesIO(body.encode()), BASE))


def test_a_truncated_feed_is_read_up_to_the_error_which_is_reported() -> None:
    bad_rows = RecordedBadRows()
    whole = render_rss(("A1", "G1", "red", "S"), ("A2", "G2", "red", "S"))
    products = list(xml_products(io.BytesIO(whole[: whole.index(b"A2") + 40]), BASE, bad_rows))
    assert [product.item_id.value for product in products][:1] == ["G1"]
    assert any("broken" in reason for _, reason in bad_rows)


def test_bad_rows_are_reported_and_the_other_rows_read() -> None:
    bad_rows = RecordedBadRows()
    items = "<item><g:id>1</g:id></item><item><title>No id</title></item>" + ITEM.format(
        id="3", group="G3", colour="red", size="S", title="Shirt"
    )
    assert len(list(xml_products(io.BytesIO(RSS.format(items=items).encode()), BASE, bad_rows))) == 1
    assert [row for row, _ in bad_rows] == ["item 0", "item 1"]
    bad_rows.clear()
    assert len(list(json_products(to_stream([make_shopify_entry(), 7, {"id": 1}]), BASE, bad_rows))) == 1
    assert [row for row, _ in bad_rows] == ["product 1", "product 2"]
    bad_rows.clear()
    lines = b'{"id": 1, "title": "Hat"}\n{broken\n[]\n\n{"id": 2}\n{"id": 3, "title": "Cap"}\n'
    assert len(list(json_lines_products(io.BytesIO(lines), BASE, bad_rows))) == 2
    assert [row for row, _ in bad_rows] == ["line 2", "line 3", "line 5"]
    bad_rows.clear()
    rows = b"id,title,link\n1,Hat,/p/1\n2,,/p/2\n3,Cap,/p/3,too,many\n4,Scarf,/p/4\n"
    assert len(list(csv_products(io.BytesIO(rows), BASE, bad_rows))) == 2
    assert [row for row, _ in bad_rows] == ["row 2", "row 3"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_is_read_with_any_delimiter_and_the_usual_column_names(delimiter: str) -> None:
    header = ["Handle", "Title", "Body (HTML)", "Vendor", "Type", "Variant SKU", "Image Src", "Colour", "Neck"]
    row = ["hat", "Red hat", "<p>Felt.</p>", "Fenwick", "Hats", "H-1", "/hat.jpg", "Red", "None at all"]
    body = "\ufeff" + delimiter.join(header) + "\r\n" + delimiter.join(row) + "\r\n"
    (product,) = csv_products(io.BytesIO(gzip.compress(body.encode())), BASE)
    assert (product.item_id.value, product.title.value) == ("hat", "Red hat")
    assert product.brand is not None
    assert product.colour is not None
    assert (product.brand.value, product.colour.value) == ("Fenwick", "Red")
    assert [a.value.value for a in product.attributes] == ["None at all"]
    assert product.photos[0].value.url == "https://shop.example/hat.jpg"


def test_each_image_of_a_cell_is_a_photo() -> None:
    body = b'id,title,images\n1,Hat,"https://x.example/a.jpg, https://x.example/b.jpg"\n2,Cap,c.jpg|d.jpg\n'
    first, second = csv_products(io.BytesIO(body), BASE)
    assert (len(first.photos), len(second.photos)) == (2, 2)


def test_json_lines_hold_products_of_any_shape() -> None:
    lines = [
        make_shopify_entry(),
        make_woocommerce_entry(),
        {"sku": "L1", "name": "Bag", "images": ["a.jpg"], "colours": {"Red": ["r.jpg"]}},
    ]
    body = "\n".join(map(json.dumps, lines)).encode()
    products = list(json_lines_products(io.BytesIO(body), BASE))
    assert [product.item_id.value for product in products] == ["632", "77", "L1"]
    assert [photo.value.colour for photo in products[2].photos] == [None, "Red"]


READERS: dict[str, Callable[[bytes], Iterator[ExtractedProduct]]] = {
    "json": lambda body: json_products(io.BytesIO(body), BASE),
    "xml": lambda body: xml_products(io.BytesIO(body), BASE),
    "csv": lambda body: csv_products(io.BytesIO(body), BASE),
    "json lines": lambda body: json_lines_products(io.BytesIO(body), BASE),
}


@pytest.mark.parametrize("reader", READERS)
@given(body=st.binary(max_size=60) | st.text(alphabet='{}[]":,<>/&;!\n\tidtle01g', max_size=80).map(str.encode))
def test_arbitrary_bytes_raise_only_shop_errors(reader: str, body: bytes) -> None:
    with contextlib.suppress(ShopError):
        assert all(product is not None for product in READERS[reader](body))


def test_a_feed_that_is_too_large_after_decompression_is_an_error() -> None:
    bomb = io.BytesIO(gzip.compress(b"\0" * 3_000_000))
    with open_limited(bomb, "feed", max_bytes=1_000_000) as stream, pytest.raises(ShopError, match="larger file"):
        stream.read()


def test_a_line_that_is_too_long_is_a_bad_row_and_the_next_one_is_read() -> None:
    bad_rows = RecordedBadRows()
    body = b'{"title": "' + b"x" * (5 << 20) + b'"}\n{"id": 1, "title": "Hat"}\n'
    assert [product.title.value for product in json_lines_products(io.BytesIO(body), BASE, bad_rows)] == ["Hat"]
    assert bad_rows[0][0] == "line 1"


def test_memory_does_not_grow_with_the_size_of_a_merchant_feed(tmp_path: Path) -> None:
    peaks = []
    for count in (100, 1000):
        path = tmp_path / f"{count}.xml"
        path.write_bytes(render_rss(*((f"A{n}", f"G{n}", "red", "S") for n in range(count))))
        tracemalloc.start()
        assert sum(1 for _ in merge_variants(lambda path=path: xml_products(path, BASE))) == count  # type: ignore[misc]
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 3
