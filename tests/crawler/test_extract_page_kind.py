"""A page that only calls itself a product, such as a listing or a notice that the product is gone, is not one."""

import json

import pytest

from crawler.discover.links import extract_links
from crawler.extract.combine import extract_product_from_html
from crawler.extract.explain import explain_no_product
from crawler.page.document import parse_html

URL = "https://shop.example/c/dresses"
OG = '<meta property="og:type" content="product"><meta property="og:title" content="Dresses">'
SHARE = '<meta property="og:image" content="/i/share.jpg">'
PRICE = '<meta property="product:price:amount" content="9.90">'
PHOTO = "<div class='product-gallery'><img src='/i/own.jpg'></div>"
BUTTON = "<form action='/cart/add'><button>Add to cart</button></form>"


def render_cards(template: str, number: int = 4) -> str:
    return "".join(template.format(n=n) for n in range(number))


CARDS = [
    render_cards(
        '<div class="card"><a href="/p/{n}"><img src="/{n}.jpg">Dress {n}</a><b class="price">{n}0 €</b></div>'
    ),
    render_cards('<li><a href="/p/{n}"><img src="/{n}.jpg"></a><h2>Dress {n}</h2><button>Add to cart</button></li>'),
    render_cards('<a class="tile" href="/p/{n}"><picture><img data-src="/{n}.jpg"></picture></a>'),
    render_cards('<td><a href="/p/{n}"><img src="/{n}.jpg"></a></td>'),
]


def is_product(body: str, head: str) -> bool:
    return extract_product_from_html(f"<html><head>{head}</head><body>{body}</body></html>", URL) is not None


@pytest.mark.parametrize("cards", CARDS, ids=["div", "li", "a", "td"])
@pytest.mark.parametrize("head", [OG + SHARE, OG + PRICE, OG + SHARE + PRICE])
def test_a_listing_that_calls_itself_a_product_is_followed(cards: str, head: str) -> None:
    body = f"<h1>Dresses</h1>{cards}"
    assert not is_product(body, head)
    links = extract_links(parse_html(f"<head>{head}</head><body>{body}", URL))
    assert {link.url for link in links.followed} >= {f"https://shop.example/p/{n}" for n in range(4)}


@pytest.mark.parametrize("cards", CARDS, ids=["div", "li", "a", "td"])
@pytest.mark.parametrize("own", [PHOTO + BUTTON, BUTTON + "<p>EAN: 4006381333931</p>", PHOTO + "<p>MPN: LD-1</p>"])
def test_a_product_page_with_cards_of_other_products_is_a_product(cards: str, own: str) -> None:
    assert is_product(f"<h1>Dresses</h1>{own}{cards}", OG + SHARE)


@pytest.mark.parametrize("head", [OG + PRICE, OG + SHARE])
def test_a_page_with_little_more_than_its_og_type_is_a_product_if_it_has_no_cards(head: str) -> None:
    assert is_product("<h1>Dresses</h1>", head)


def test_an_og_type_alone_is_no_product() -> None:
    assert not is_product("<h1>Dresses</h1>", OG)


@pytest.mark.parametrize(
    "notice",
    [
        "<h1>This product is no longer available</h1>",
        "<h1>Linen Dress</h1><p>Dieser Artikel ist leider nicht mehr lieferbar.</p>",
        "<h1>404</h1><p>Oops</p>",
        "<h1>Linen Dress</h1><div class='alert'>Ce produit n'existe plus</div>",
        "<h1>Товар не найден</h1>",
    ],
)
@pytest.mark.parametrize(
    "others", ["", CARDS[0], f"<h2>You may also like</h2>{CARDS[1]}"], ids=["alone", "cards", "more"]
)
def test_a_page_that_says_its_product_is_gone_is_no_product(notice: str, others: str) -> None:
    assert not is_product(notice + others, OG + SHARE)


def test_a_product_that_is_sold_out_is_a_product() -> None:
    assert is_product(f"<h1>Linen Dress</h1>{PHOTO}<p>No longer available</p>", OG + SHARE + PRICE)


def test_a_page_of_a_shop_that_is_an_organization_is_no_product() -> None:
    graph = {"@graph": [{"@type": "Organization", "name": "Fenwick", "image": "/a.jpg"}, {"@type": "WebPage"}]}
    assert not is_product("<h1>Fenwick</h1>", f"<script type='application/ld+json'>{json.dumps(graph)}</script>")


@pytest.mark.parametrize(
    ("body", "reason"), [(f"<h1>Dresses</h1>{CARDS[0]}", "a listing"), ("<h1>Not found</h1><p>404</p>", "is gone")]
)
def test_it_is_said_why_an_og_type_is_not_believed(body: str, reason: str) -> None:
    assert reason in explain_no_product(parse_html(f"<head>{OG}</head><body>{body}</body>", URL))
