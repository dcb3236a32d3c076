"""A page whose product is only in the data of its scripts is read, without running a script."""

# ruff: noqa: E501 (scripts have long lines)

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.discover import links
from crawler.extract.combine import extract_product
from crawler.extract.models import ExtractedProduct
from crawler.page.document import parse_html

URL = "https://shop.example/p/linen-dress"
PRODUCT = {
    "id": "7712",
    "name": "Linen dress",
    "slug": "linen-dress",
    "description": "A straight dress of washed linen.",
    "brand": {"name": "Fenwick"},
    "price": {"value": 89.9, "currency": "EUR"},
    "images": [{"url": "/i/front.jpg"}, {"url": "/i/back.jpg"}],
}
OTHER = {"id": "9", "name": "Hat", "slug": "hat", "price": 9, "images": ["/i/hat.jpg"], "url": "/p/hat"}


def render(script: str, head: str = "<title>Linen dress | Shop</title>") -> str:
    return f"<html><head>{head}</head><body><div id=app></div>{script}</body></html>"


def next_data(*products: object) -> str:
    data = {"props": {"pageProps": {"product": products[0], "related": list(products[1:])}}}
    return f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(data)}</script>'


def next_stream(product: object) -> str:
    text = "1:[]\n2:" + json.dumps(["$", "div", None, {"product": product}]) + "\n"
    half = len(text) // 2
    parts = [f"self.__next_f.push({json.dumps([1, part])})" for part in (text[:half], text[half:])]
    return "".join(f"<script>{part}</script>" for part in parts)


def nuxt_data(product: dict[str, object]) -> str:
    values: list[object] = [{"data": 1}, {"product": 2}, {}]

    def add(value: object) -> int:
        values.append(None)
        index = len(values) - 1
        if isinstance(value, dict):
            values[index] = {key: add(part) for key, part in value.items()}
        elif isinstance(value, list):
            values[index] = [add(part) for part in value]
        else:
            values[index] = value
        return index

    values[2] = {key: add(part) for key, part in product.items()}
    return f'<script type="application/json" id="__NUXT_DATA__">{json.dumps(values)}</script>'


APOLLO = {
    "ROOT_QUERY": {"__typename": "Query", 'product({"slug":"linen-dress"})': {"__ref": "Product:7712"}},
    "Product:7712": {**PRODUCT, "__typename": "Product", "images": [{"__ref": "Image:1"}, {"__ref": "Image:2"}]},
    "Image:1": {"__typename": "Image", "url": "/i/front.jpg"},
    "Image:2": {"__typename": "Image", "url": "/i/back.jpg"},
}
JAVASCRIPT = """{id: '7712', name: 'Linen dress', slug: "linen-dress", description: 'A straight dress of washed linen.',
  brand: {name: 'Fenwick'}, price: {value: 89.9, currency: 'EUR'}, images: [{url: '/i/front.jpg'}, {url: '/i/back.jpg'},],}"""
NUXT_FUNCTION = """window.__NUXT__=(function(a,b){return {state:{product:{id:"7712",name:a,slug:"linen-dress",
  description:"A straight dress of washed linen.",brand:{name:b},price:{value:89.9,currency:"EUR"},
  images:[{url:"/i/front.jpg"},{url:"/i/back.jpg"}]}}}}("Linen dress","Fenwick"));"""
SCRIPTS = {
    "Next.js": next_data(PRODUCT, OTHER),
    "Next.js, streamed": next_stream(PRODUCT),
    "Nuxt 3": nuxt_data(PRODUCT),
    "Nuxt 2": f"<script>{NUXT_FUNCTION}</script>",
    "initial state": f"<script>window.__INITIAL_STATE__ = {json.dumps({'pdp': {'product': PRODUCT}})};</script>",
    "preloaded state": f"<script>window['__PRELOADED_STATE__'] = {json.dumps({'a': [PRODUCT, OTHER]})}</script>",
    "JSON.parse": f"<script>var state = JSON.parse({json.dumps(json.dumps({'product': PRODUCT}))});</script>",
    "Apollo": f"<script>window.__APOLLO_STATE__={json.dumps(APOLLO)};</script>",
    "JavaScript object": f"<script>var productData = {JAVASCRIPT};</script>",
    "JSON block": f'<script type="application/json" data-product>{json.dumps(PRODUCT)}</script>',
    "BigCommerce": f"<script>var BCData = {json.dumps({'product_attributes': {}, 'product': PRODUCT})};</script>",
}


def extract(html: str, url: str = URL) -> ExtractedProduct | None:
    return extract_product(parse_html(html, url))


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_product_of_a_page_is_found_in_its_scripts(name: str) -> None:
    product = extract(render(SCRIPTS[name]))
    assert product is not None
    assert product.title.value == "Linen dress"
    assert product.description is not None
    assert product.description.value == "A straight dress of washed linen."
    assert product.brand is not None
    assert product.brand.value == "Fenwick"
    assert product.price is not None
    assert product.currency is not None
    assert (product.price.value, product.currency.value) == ("89.9", "EUR")
    assert [photo.value.url[-11:] for photo in product.photos] == ["i/front.jpg", "/i/back.jpg"]


def test_the_photos_of_variants_have_their_colours() -> None:
    variants = [{"color": c, "size": s, "images": [f"/i/{c}.jpg"]} for c in ("Blue", "Green") for s in ("S", "M")]
    product = extract(render(next_data({**PRODUCT, "images": [], "variants": variants})))
    assert product is not None
    assert {photo.value.url[21:]: photo.value.colour for photo in product.photos} == {
        "i/Blue.jpg": "Blue",
        "i/Green.jpg": "Green",
    }


def test_a_listing_is_not_a_product_and_its_products_are_followed() -> None:
    products = [
        {**OTHER, "name": f"Hat {n}", "slug": f"hat-{n}", "url": f"/p/hat-{n}", "id": f"88{n}"} for n in range(3)
    ]
    page = render(next_data({"hits": products}), "<title>Hats | Shop</title>")
    assert extract(page, "https://shop.example/c/hats") is None
    followed = links.extract_links(parse_html(page, "https://shop.example/c/hats")).followed
    assert [link.url for link in followed] == [f"https://shop.example/p/hat-{n}" for n in range(3)]


def test_of_several_products_without_a_sign_none_is_taken() -> None:
    assert extract(render(next_data(OTHER, {**OTHER, "id": "10", "name": "Cap"})), "https://shop.example/x") is None


def test_the_data_of_scripts_does_not_replace_markup() -> None:
    markup = json.dumps({"@type": "Product", "name": "Linen dress", "image": "/i/markup.jpg", "sku": "LD"})
    page = render(f'<script type="application/ld+json">{markup}</script>' + next_data(PRODUCT))
    product = extract(page)
    assert product is not None
    assert [photo.value.url for photo in product.photos] == ["https://shop.example/i/markup.jpg"]


@given(st.text(alphabet="{}[]\":,\\'`()name price1 =;", max_size=80))
def test_any_script_is_read_without_an_error(text: str) -> None:
    for script in (
        f"<script>window.__STATE__ = {text} name:</script>",
        f'<script type="application/json">{text}"name"</script>',
    ):
        product = extract(render(script))
        assert product is None or product.title.value
