"""The product of a page: from each source alone, and from all sources combined."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extract.combine import extract_product_from_html
from crawler.values.json_repair import loads
from weft.contracts.product import Attribute, PhotoLink, Product

URL = "http://shop.example/p/blue-shirt"
FULL = "A blue shirt of brushed cotton with a button-down collar, long sleeves and a curved hem. " * 4


def extract_page(html: str, url: str = URL) -> Product:
    product = extract_product_from_html(html, url)
    assert product is not None
    return product.to_product("shop")


def render_jsonld(*nodes: object) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes)


def list_photo_paths(product: Product) -> list[str]:
    return [photo.url.removeprefix("http://shop.example") for photo in product.photos]


def test_jsonld_gives_every_field() -> None:
    node = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": "Blue shirt",
        "sku": "B1",
        "description": "Short.",
        "brand": {"@type": "Brand", "name": "Fenwick"},
        "color": "Blue",
        "category": "Men > Shirts",
        "image": ["/a.jpg", {"@type": "ImageObject", "contentUrl": "//cdn.example/b.jpg"}],
        "additionalProperty": {"@type": "PropertyValue", "name": "Neck", "value": "Round"},
    }
    assert extract_page(render_jsonld(node)) == Product(
        product_id="shop/B1",
        shop="shop",
        url=URL,
        title="Blue shirt",
        description="Short.",
        brand="Fenwick",
        colour="Blue",
        sku="B1",
        categories=("Men > Shirts",),
        attributes=(Attribute(name="Neck", value="Round"),),
        photos=(PhotoLink(url="http://shop.example/a.jpg"), PhotoLink(url="http://cdn.example/b.jpg")),
    )


def test_a_broken_script_does_not_drop_the_others() -> None:
    html = '<script type="application/ld+json">{"@type": "Product", </script>'
    assert extract_page(html + render_jsonld({"@type": "Product", "name": "Blue shirt"})).title == "Blue shirt"


@pytest.mark.parametrize(
    "text",
    [
        '<!-- {"a": 1} -->',
        '//<![CDATA[\n{"a": 1}\n//]]>',
        '{"a": 1};',
        '{"a": 1,}',
        '{"a": 1 /* one */}',
    ],
)
def test_broken_jsonld_is_repaired_if_that_is_safe(text: str) -> None:
    assert loads(text) == {"a": 1}


def test_control_characters_in_jsonld_are_read() -> None:
    assert loads('{"a": "x\ny"}') == {"a": "x\ny"}


def test_related_products_of_jsonld_are_not_the_main_product() -> None:
    others = [{"@type": "Product", "name": f"Other {n}", "url": f"/p/{n}", "image": f"/{n}.jpg"} for n in range(3)]
    main_node = {"@type": "Product", "name": "Blue shirt", "url": URL, "isRelatedTo": others, "image": "/own.jpg"}
    product = extract_page(render_jsonld({"@graph": [*others, main_node]}))
    assert (product.title, list_photo_paths(product)) == ("Blue shirt", ["/own.jpg"])


def test_a_page_of_several_products_is_a_listing() -> None:
    cards = [{"@type": "Product", "name": f"Shirt {n}", "url": f"/p/{n}"} for n in range(3)]
    assert extract_product_from_html(render_jsonld(cards) + "<h1>Shirts</h1>", "http://shop.example/c/shirts") is None


def test_a_listing_with_a_single_card_is_not_a_product() -> None:
    card = {"@type": "Product", "name": "Red hat", "url": "/p/red-hat"}
    assert extract_product_from_html(render_jsonld(card) + "<h1>Hats</h1>", "http://shop.example/c/hats") is None


def test_variants_of_a_product_group_give_photos_with_their_colours() -> None:
    variants = [{"@type": "Product", "color": c, "image": f"/{c}.jpg", "sku": f"G-{c}"} for c in ("red", "blue")]
    group = {"@type": "ProductGroup", "productGroupID": "G", "name": "Shirt", "hasVariant": variants}
    product = extract_page(render_jsonld(group))
    assert product.product_id == "shop/G"
    assert [photo.colour for photo in product.photos] == ["red", "blue"]


def test_unrendered_templates_give_no_values() -> None:
    node = {"@type": "Product", "name": "Shirt", "sku": "{{sku}}", "brand": "$metabrand", "color": "N/A"}
    product = extract_page(render_jsonld(node))
    assert (product.brand, product.colour) == (None, None)
    assert product.product_id.startswith("shop/p-blue-shirt-")


def test_microdata_is_read() -> None:
    html = (
        '<div itemscope itemtype="http://schema.org/Product"><h1 itemprop="name">Shirt</h1><meta itemprop="sku" '
        'content="M1"><img itemprop="image" src="/a.jpg"><img itemprop="image" src="/b.jpg">'
        '<div itemprop="brand" itemscope itemtype="http://schema.org/Brand"><span itemprop="name">Gauge</span></div>'
        '<div itemprop="description"><p>Cotton.</p></div></div>'
    )
    product = extract_page(html)
    assert (product.product_id, product.brand, product.description) == ("shop/M1", "Gauge", "Cotton.")
    assert list_photo_paths(product) == ["/a.jpg", "/b.jpg"]


def render_opengraph(description: str) -> str:
    return (
        '<meta property="og:type" content="product"><meta property="og:title" content="Blue shirt | Corso">'
        f'<meta property="og:image" content="/a.jpg"><meta property="og:description" content="{description}">'
    )


def test_a_truncated_description_is_replaced_by_the_complete_block() -> None:
    html = f"{render_opengraph(FULL[:250])}<h1>Blue shirt</h1><div id='tab-description'><p>{FULL}</p></div>"
    assert extract_page(html).description == f"<p>{FULL}</p>"


def test_a_block_with_another_text_does_not_replace_a_description() -> None:
    html = f"{render_opengraph(FULL[:250])}<h1>Shirt</h1><div class='shipping-description'>{'We ship. ' * 90}</div>"
    assert extract_page(html).description == FULL[:250].strip()


def test_the_name_of_the_shop_is_removed_from_the_title() -> None:
    assert extract_page(render_opengraph("x") + "<h1>Blue shirt</h1>").title == "Blue shirt"


def test_the_gallery_adds_photos_to_those_of_opengraph_but_no_related_ones() -> None:
    html = (
        f"{render_opengraph('x')}<header><a href='/'><img src='/logo.png'></a></header>"
        "<ul class='breadcrumbs'><li>Home</li><li>Men</li><li>Shirts</li></ul><h1>Blue shirt</h1>"
        "<div class='product-gallery'><a href='/a.jpg'><img src='/a-100x100.jpg'></a>"
        "<a href='/b.jpg'><img src='/b-100x100.jpg'></a><img class='lazy' src='data:,' data-src='/c.jpg'></div>"
        "<h2>You may also like</h2><ul><li><a href='/p/2'><img src='/d.jpg'></a></li></ul>"
        "<section class='related'><img src='/e.jpg'></section><footer><img src='/visa.jpg'></footer>"
    )
    product = extract_page(html)
    assert list_photo_paths(product) == ["/a.jpg", "/b.jpg", "/c.jpg"]
    assert product.categories == ("Men > Shirts",)


def test_a_plain_page_with_a_buy_button_is_a_product() -> None:
    html = (
        "<h1>Red hat</h1><img src='/hat.jpg' srcset='/hat-s.jpg 320w, /hat-l.jpg 1200w'>"
        "<div class='description'>Felt.</div><table><tr><th>Material</th><td>Felt</td></tr></table>"
        "<form action='/cart'><button>Add to cart</button></form>"
    )
    product = extract_page(html)
    assert (product.title, product.description, list_photo_paths(product)) == ("Red hat", "Felt.", ["/hat-l.jpg"])
    assert product.attributes == (Attribute(name="Material", value="Felt"),)


def test_a_page_about_the_shop_is_not_a_product() -> None:
    assert extract_product_from_html("<h1>About us</h1><img src='/team.jpg'><p>Since 1894.</p>", URL) is None


def test_magento_swatches_give_each_photo_its_colour() -> None:
    def view(name: str, position: int) -> dict[str, object]:
        return {"full": f"http://shop.example/{name}.jpg", "position": str(position), "type": "image"}

    gallery = {"[data-gallery-role]": {"mage/gallery/gallery": {"data": [view("main", 1)]}}}
    options = [{"label": "Black", "products": ["7", "8"]}, {"label": "Red", "products": ["9"]}]
    config = {
        "attributes": {"93": {"code": "color", "options": options}},
        "images": {"7": [view("back", 2), view("main", 1)], "8": [view("main", 1)], "9": [view("red", 1)]},
    }
    swatches = {"[data-role]": {"Magento_Swatches/js/swatch-renderer": {"jsonConfig": config}}}
    scripts = "".join(f'<script type="text/x-magento-init">{json.dumps(data)}</script>' for data in (gallery, swatches))
    product = extract_page(f"<h1>Shirt</h1>{scripts}")
    assert [(photo.url[-8:-4], photo.colour) for photo in product.photos] == [
        ("main", "Black"),
        ("back", "Black"),
        ("/red", "Red"),
    ]


def test_the_canonical_url_identifies_a_product_at_several_urls() -> None:
    html = '<link rel="canonical" href="/p/shirt">' + render_jsonld({"@type": "Product", "name": "Shirt"})
    ids = {
        extract_page(html, f"http://shop.example{path}").product_id for path in ("/p/shirt", "/sale/shirt?utm_source=x")
    }
    assert len(ids) == 1


def test_a_canonical_url_of_the_home_page_is_ignored() -> None:
    html = '<link rel="canonical" href="/">' + render_jsonld({"@type": "Product", "name": "Shirt"})
    assert extract_page(html).url == URL


def test_every_field_keeps_its_source() -> None:
    product = extract_product_from_html(
        render_jsonld({"@type": "Product", "name": "Shirt"}) + render_opengraph(FULL), URL
    )
    assert product is not None
    assert (product.title.source, product.description and product.description.source) == ("json-ld", "opengraph")


@given(st.text(alphabet="<>/=\"' abh1imgscrtyplduv{}[]:,@&;\x00\n", max_size=200))
def test_no_broken_page_raises_an_error(html: str) -> None:
    pages = (
        html,
        f'<h1>x</h1><script type="application/ld+json">{html}</script>',
        f'<div itemscope itemtype="http://schema.org/Product"><i itemprop="name">{html}</i></div>',
    )
    products = [extract_product_from_html(page, URL) for page in pages]
    assert all(product is None or product.title.value for product in products)


_KEYS = (
    *("@type", "@graph", "@id", "name", "sku", "image", "brand", "category", "hasVariant", "url", "position"),
    *("itemListElement", "additionalProperty", "isVariantOf", "value", "item", "description", "contentUrl"),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_KEYS),
            inner | st.sampled_from(["Product", "ProductGroup", "BreadcrumbList"]),
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(_JSON)
def test_no_odd_jsonld_raises_an_error(data: object) -> None:
    shirt = {"@type": "Product", "name": "Shirt", "image": data, "brand": data, "offers": data}
    products = [extract_product_from_html(render_jsonld(value), URL) for value in (data, shirt)]
    assert all(product is None or product.title.value for product in products)


def test_entities_that_are_escaped_twice_are_decoded_once() -> None:
    html = "<h1>Cap</h1><div class='description'>Soft &amp;amp;nbsp;&amp;#39;wool&amp;#39; cap, R&amp;D</div>"
    data = '<script type="application/ld+json">{"@type": "Product", "name": "Cap"}</script>'
    product = extract_product_from_html(data + html, "https://shop.example/p/1")
    assert product is not None
    assert product.description is not None
    assert product.description.value == "Soft &nbsp;&#39;wool&#39; cap, R&amp;D"
