"""The main product of a page is chosen among its schema.org nodes and combined with its group and variants."""

import copy
import json

import pytest

from crawler.extract import structured_data
from crawler.extract.combine import extract_product_from_html
from crawler.extract.models import ExtractedProduct
from crawler.page.document import parse_html

URL = "https://shop.example/p/blue-shirt-4711"


def extract_page(*nodes: object, body: str = "<h1>Blue shirt</h1>", url: str = URL) -> ExtractedProduct | None:
    scripts = "".join(f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes)
    return extract_product_from_html(f"<html><body>{body}{scripts}</body></html>", url)


def extract_found(*nodes: object, body: str = "<h1>Blue shirt</h1>", url: str = URL) -> ExtractedProduct:
    product = extract_page(*nodes, body=body, url=url)
    assert product is not None
    return product


def make_product_node(name: str, **fields: object) -> dict[str, object]:
    return {"@type": "Product", "name": name, **fields}


OTHERS = [make_product_node(f"Other {n}", url=f"/p/other-{n}", sku=f"O{n}") for n in range(3)]


@pytest.mark.parametrize(
    "main_node",
    [
        make_product_node("Shirt in blue", url=URL),
        make_product_node("Shirt in blue", **{"@id": URL + "#product"}),
        make_product_node("Shirt in blue", sku="4711"),
        make_product_node("Blue shirt"),
        make_product_node("Blue shirt by Fenwick"),
        make_product_node("Shirt in blue", offers={"@type": "Offer", "url": URL}),
    ],
)
def test_the_main_product_is_chosen_by_url_id_sku_or_name(main_node: dict[str, object]) -> None:
    assert extract_found([*OTHERS, main_node]).title.value == main_node["name"]
    assert extract_found(*OTHERS, main_node).title.value == main_node["name"]


def test_there_is_no_main_product_among_related_products_only() -> None:
    assert extract_page(OTHERS) is None


def test_a_nested_related_product_is_ignored() -> None:
    main_node = make_product_node(
        "Blue shirt",
        isRelatedTo=OTHERS,
        isSimilarTo=[make_product_node("Twin", image="/twin.jpg")],
        image="/own.jpg",
    )
    product = extract_found(main_node)
    assert [photo.value.url for photo in product.photos] == ["https://shop.example/own.jpg"]


@pytest.mark.parametrize(
    "kind", ["Product", "product", "http://schema.org/Product", "schema:Product", ["Thing", "Product"]]
)
def test_the_type_of_a_product_is_recognised_in_every_spelling(kind: object) -> None:
    assert extract_found({"@type": kind, "name": "Blue shirt", "brand": None}).title.value == "Blue shirt"


def test_nodes_and_references_of_a_graph_are_read() -> None:
    product = extract_found(
        {
            "@graph": [
                {"@type": "WebPage", "@id": URL, "mainEntity": {"@id": "#p"}},
                {"@type": "Product", "@id": "#p", "name": "Blue shirt", "brand": {"@id": "#b"}, "image": {"@id": "#i"}},
                {"@type": "Brand", "@id": "#b", "name": "Fenwick"},
                {"@type": "ImageObject", "@id": "#i", "contentUrl": "/a.jpg"},
            ]
        }
    )
    assert product.brand is not None
    assert (product.brand.value, product.photos[0].value.url) == ("Fenwick", "https://shop.example/a.jpg")


def test_the_main_entity_of_a_page_is_its_product() -> None:
    assert (
        extract_found({"@type": "ItemPage", "mainEntity": make_product_node("Blue shirt", sku="X1")}).item_id.value
        == "X1"
    )


def make_variant_nodes() -> list[dict[str, object]]:
    offer = {"@type": "Offer", "price": "20", "availability": "https://schema.org/InStock"}
    return [
        make_product_node(f"Shirt {c} {s}", sku=f"4711-{c}-{s}", color=c, size=s, image=f"/{c}.jpg", offers=offer)
        for c in ("red", "blue")
        for s in ("S", "M")
    ]


def test_variants_of_a_group_are_one_item_and_each_photo_keeps_its_colour() -> None:
    product = extract_found(
        {"@type": "ProductGroup", "productGroupID": "G7", "name": "Shirt", "hasVariant": make_variant_nodes()}
    )
    assert (product.item_id.value, product.item_id.source, product.colour) == ("G7", "json-ld", None)
    assert [(photo.value.url[-8:], photo.value.colour) for photo in product.photos] == [
        ("/red.jpg", "red"),
        ("blue.jpg", "blue"),
    ]
    assert product.price is not None
    assert product.price.value == "20"


def test_variants_beside_their_group_belong_to_it() -> None:
    group = {"@type": "ProductGroup", "@id": "#g", "productGroupID": "G7", "name": "Shirt"}
    beside = [{**variant, "isVariantOf": {"@id": "#g"}} for variant in make_variant_nodes()]
    product = extract_found({"@graph": [group, *beside]})
    assert (product.item_id.value, len(product.photos)) == ("G7", 2)


def test_variants_without_a_group_node_share_the_group_id() -> None:
    product = extract_found([{**variant, "inProductGroupWithID": "G7"} for variant in make_variant_nodes()])
    assert product.item_id.value == "G7"


def test_the_page_of_a_variant_has_the_id_of_its_parent() -> None:
    product = extract_found(
        make_product_node("Blue shirt", sku="4711-blue-M", isVariantOf={"@type": "ProductGroup", "sku": "4711"})
    )
    assert (product.item_id.value, product.sku and product.sku.value) == ("4711", "4711-blue-M")


def test_price_and_availability_are_read_from_every_shape_of_offer() -> None:
    aggregate = {
        "@type": "AggregateOffer",
        "lowPrice": 19.5,
        "offers": [{"availability": "http://schema.org/OutOfStock"}],
    }
    specified = {"@type": "Offer", "priceSpecification": [{"price": "19,50 €"}], "availability": "in_stock"}
    for offers, availability in ((aggregate, "OutOfStock"), ([specified], "InStock")):
        product = extract_found(make_product_node("Blue shirt", offers=offers))
        assert product.price is not None
        assert product.availability is not None
        assert (product.price.value.rstrip("0"), product.availability.value) == ("19.5", availability)


def test_a_gtin_with_a_wrong_check_digit_is_ignored() -> None:
    right, wrong = (
        extract_found(make_product_node("Shirt", gtin13="4006381333931")),
        extract_found(make_product_node("Shirt", gtin13="4006381333932")),
    )
    assert right.gtin is not None
    assert (right.gtin.value, wrong.gtin) == ("4006381333931", None)


def test_unrendered_templates_are_not_values() -> None:
    product = extract_found(
        make_product_node("Blue shirt", sku="{{ sku }}", brand={"name": "$metabrand"}, color="${color}", image="{{x}}")
    )
    assert (product.sku, product.brand, product.colour, product.photos) == (None, None, None, ())
    assert product.item_id.source == "url"


def test_two_pages_with_the_same_title_are_two_items() -> None:
    ids = {
        extract_found(make_product_node("Blue shirt"), url=f"https://shop.example/p/{n}").item_id.value for n in "ab"
    }
    assert len(ids) == 2


def test_a_printed_sku_replaces_a_sku_of_the_markup_only_if_the_latter_is_an_invisible_internal_id() -> None:
    body = "<h1>Blue shirt</h1><p>Product code: 7730-12</p>"
    marked_up, hidden = (
        extract_found(make_product_node("Blue shirt", sku="BS-1"), body=body),
        extract_found(make_product_node("Blue shirt", sku="238368885"), body=body),
    )
    visible = extract_found(make_product_node("Blue shirt", sku="238368885"), body=body + "<p>No. 238368885</p>")
    assert [product.sku and product.sku.value for product in (marked_up, hidden, visible)] == [
        "BS-1",
        "7730-12",
        "238368885",
    ]


def test_a_printed_sku_replaces_a_gtin_in_the_sku_field() -> None:
    body = "<h1>Blue shirt</h1><p>Product code: 7730-12</p>"
    product = extract_found(make_product_node("Blue shirt", sku="4006381333931"), body=body)
    assert product.sku is not None
    assert (product.sku.value, product.sku.source) == ("7730-12", "page")


def test_microdata_that_is_nested_too_deep_is_ignored() -> None:
    html = "<h1>Hat</h1>" + "<div itemscope itemtype='http://schema.org/Product'><i itemprop='name'>Hat</i>" * 500
    assert extract_product_from_html(html, URL) is None


def test_a_script_of_brackets_only_is_ignored() -> None:
    html = f'<h1>Hat</h1><script type="application/ld+json">{"[" * 50_000}{"]" * 50_000}</script>'
    assert extract_product_from_html(html, URL) is None


def test_references_by_id_are_resolved_over_all_scripts() -> None:
    group = {"@type": "ProductGroup", "@id": "#g", "name": "Coat", "hasVariant": [{"@id": "#v1"}, "#v2"]}
    variants = [
        {"@id": URL + "#v1", "@type": "Product", "color": "Green", "image": {"@id": "#photo"}, "sku": "C-1"},
        {"@id": "#v2", "@type": "Product", "color": "Blue", "image": "/b.jpg", "offers": {"@id": "#o"}},
    ]
    parts = [{"@id": "#photo", "@type": "ImageObject", "url": "/g.jpg"}, {"@id": "#o", "@type": "Offer", "price": "9"}]
    product = extract_found(group, *variants, *parts, body="<h1>Coat</h1>")
    assert [(photo.value.url[-6:], photo.value.colour) for photo in product.photos] == [
        ("/g.jpg", "Green"),
        ("/b.jpg", "Blue"),
    ]
    assert product.price is not None
    assert product.price.value == "9"


def test_parts_of_one_node_in_two_scripts_are_merged() -> None:
    product = extract_found(
        {"@id": "#p", "@type": "Product", "name": "Blue shirt"}, {"@id": "#p", "@type": "Product", "image": "/a.jpg"}
    )
    assert (product.title.value, product.photos[0].value.url) == ("Blue shirt", "https://shop.example/a.jpg")


def test_jsonld_refers_to_an_item_of_microdata() -> None:
    item = (
        '<div itemscope itemid="#i" itemtype="http://schema.org/ImageObject"><img itemprop="contentUrl" src="/m.jpg">'
    )
    product = extract_found(
        make_product_node("Blue shirt", image={"@id": "#i"}), body=f"<h1>Blue shirt</h1>{item}</div>"
    )
    assert [photo.value.url for photo in product.photos] == ["https://shop.example/m.jpg"]


def test_nodes_that_refer_to_each_other_end() -> None:
    page = {"@id": "#w", "@type": "WebPage", "mainEntity": {"@id": "#p"}, "isPartOf": {"@id": "#w"}}
    node = make_product_node(
        "Blue shirt", mainEntityOfPage={"@id": "#w"}, **{"@id": "#p", "isVariantOf": {"@id": "#p"}}
    )
    assert extract_found(page, node).title.value == "Blue shirt"


def test_expanded_jsonld_is_read() -> None:
    schema = "http://schema.org/"
    node = {"@type": [f"{schema}Product"], f"{schema}name": [{"@value": "Blue shirt"}], "schema:sku": {"@value": "B1"}}
    product = extract_found([node])
    assert (product.title.value, product.sku and product.sku.value) == ("Blue shirt", "B1")


@pytest.mark.parametrize(
    "shop",
    [
        {"@type": "Organization", "name": "Fenwick", "logo": "/logo.png", "image": "/shop.jpg"},
        {"@type": ["Organization", "Product"], "name": "Fenwick", "image": "/shop.jpg", "sku": "1"},
        {"@type": "ClothingStore", "name": "Fenwick", "image": "/shop.jpg", "priceRange": "$$"},
    ],
)
def test_an_organization_in_a_graph_is_not_a_product(shop: dict[str, object]) -> None:
    others = [{"@type": "WebSite", "name": "Fenwick"}, {"@type": "WebPage", "about": {"@id": "#o"}}]
    assert extract_page({"@graph": [{**shop, "@id": "#o"}, *others]}, body="<h1>Fenwick</h1>") is None


def test_tags_and_entities_in_the_names_of_jsonld_are_decoded() -> None:
    crumbs = {
        "@type": "BreadcrumbList",
        "itemListElement": [{"name": "Men &amp; Boys"}, {"item": {"name": "<b>Tops</b>"}}],
    }
    node = make_product_node(
        "Rock &amp;amp; Roll<br/>Shirt&nbsp;&quot;Blue&quot;",
        brand={"name": "Fenwick &amp; S&ouml;hne<sup>&reg;</sup>"},
        color="Sky&#039;s <i>blue</i>",
        additionalProperty={"name": "Fit &amp; Size", "value": "<span>Slim</span>"},
    )
    product = extract_found(crumbs, node)
    assert product.title.value == 'Rock & Roll Shirt "Blue"'
    assert product.brand is not None
    assert product.colour is not None
    assert (product.brand.value, product.colour.value) == ("Fenwick & Söhne®", "Sky's blue")
    assert [path.value for path in product.categories] == ["Men & Boys > Tops"]
    assert [(a.value.name, a.value.value) for a in product.attributes] == [("Fit & Size", "Slim")]


def test_variants_of_a_group_that_is_not_described_give_their_photos_and_no_single_colour() -> None:
    variants = [
        make_product_node("Coat", sku=f"C-{colour}", color=colour, image=f"/{colour}.jpg", isVariantOf={"@id": "#g"})
        for colour in ("red", "blue")
    ]
    product = extract_found(*variants, body="<h1>Coat</h1>")
    assert product.colour is None
    assert [(photo.value.url[20:], photo.value.colour) for photo in product.photos] == [
        ("/red.jpg", "red"),
        ("/blue.jpg", "blue"),
    ]


def test_a_variant_with_a_page_of_its_own_keeps_its_colour() -> None:
    group = {"isVariantOf": {"@id": "#g"}}
    own = make_product_node("Blue shirt", url=URL, color="Blue", image="/b.jpg", **group)
    other = make_product_node("Red shirt", url="/p/red-shirt", color="Red", image="/r.jpg", **group)
    product = extract_found(own, other)
    assert (product.colour and product.colour.value, len(product.photos)) == ("Blue", 1)


def test_references_of_microdata_do_not_change_the_json_ld_that_other_extractors_read() -> None:
    page = parse_html(
        """<script type="application/ld+json">[{"@type": "Product", "@id": "#x", "name": "A", "brand": {"@id": "#b"}},
        {"@id": "#b", "@type": "Brand"}]</script>
        <div itemscope itemtype="http://schema.org/Product"><link itemprop="isVariantOf" href="#x"></div>""",
        "https://shop.example/p",
    )
    before = copy.deepcopy(structured_data.find_json_ld_nodes(page))
    assert structured_data.find_microdata_nodes(page)[0]["isVariantOf"]["name"] == "A"
    assert structured_data.find_json_ld_nodes(page) == before
