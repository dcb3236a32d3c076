"""The cost of a page grows with its size and no faster: twice the elements take at most twice the operations.

Counted are the byte code operations of the crawler, not seconds, so that the result is the same on any machine.
"""

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from crawler.discover.links import extract_links
from crawler.extract.combine import extract_product
from crawler.page.document import parse_html

URL = "https://shop.example/p/linen-dress-10234"
SMALL = 40
PRODUCT = (
    "<h1>Linen Dress</h1><div class='product-gallery'><img src='/i/1.jpg'></div><span class='price'>29,90 €</span>"
    "<form action='/cart/add'><button>Add to cart</button></form>"
)


def count_operations(task: Callable[[], object]) -> int:
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        if event == "call":
            if "/crawler/" not in frame.f_code.co_filename:
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        task()
    finally:
        sys.settrace(before)
    return count


def read_page(html: str) -> None:
    document = parse_html(html, URL)
    extract_product(document)
    extract_links(document)


REPEATED = {
    "sold-out cards": "<div class='card'><a href='/p/{n}'><img src='/{n}.jpg'></a><p>Sold out</p></div>",
    "cards without a link": "<div class='card'><p>Sold out</p><button>Add to cart</button></div>",
    "cards with prices": "<li><a href='/p/{n}'><img src='/{n}.jpg'></a><b class='price'>{n},90 €</b></li>",
    "cards of a related block": "<div class='related'><a href='/p/{n}'><img src='/{n}.jpg'></a></div>",
    "links of a menu": "<div class='menu'><a href='/c/{n}'>{n}</a></div>",
    "photos of a gallery": "<div class='gallery'><img src='/{n}-100x100.jpg' srcset='/{n}.jpg 900w'></div>",
    "pictures": "<picture><source srcset='/{n}.webp 900w'><img src='/{n}.jpg'></picture>",
    "images without scripts": "<noscript><img src='/{n}.jpg'></noscript>",
    "background images": "<div class='gallery'><a style='background:url(/{n}.jpg)'></a></div>",
    "headings": "<h1>Dress {n}</h1>",
    "headings of blocks": "<h2>Dress {n}</h2>",
    "labels": "<p>Brand: Fenwick {n}</p>",
    "labels in bold": "<li><b>Fit {n}:</b> Regular</li>",
    "rows": "<table><tr><th>Color</th><td>Blue {n}</td></tr></table>",
    "definitions": "<dl><dt>Color</dt><dd>Blue {n}</dd></dl>",
    "menus": "<label for='s{n}'>Color {n}</label><select id='s{n}'><option>Blue<option>Green</select>",
    "radio buttons": "<label><input type='radio' name='c' value='{n}'>Blue {n}</label>",
    "breadcrumbs": "<div class='breadcrumb'><a href='/c/{n}'>Dresses {n}</a></div>",
    "descriptions": "<div class='description'>Linen, soft and light, number {n}.</div>",
    "forms": "<form action='/cart/add'><input name='product_id' value='{n}'><button>Add to cart</button></form>",
    "items of microdata": "<div itemscope itemtype='https://schema.org/Product'><b itemprop='name'>Dress {n}</b></div>",
    "scripts": '<script type=\'application/ld+json\'>{{"@type": "Product", "@id": "#{n}", "name": "{n}"}}</script>',
}


@pytest.mark.parametrize("kind", REPEATED)
@pytest.mark.parametrize("start", [PRODUCT, ""], ids=["product", "listing"])
def test_twice_the_elements_take_at_most_twice_the_operations(kind: str, start: str) -> None:
    assert_linear(lambda size: start + "".join(REPEATED[kind].format(n=n) for n in range(size)))


def assert_linear(render: Callable[[int], str]) -> None:
    pages = [f"<html><head><title>Linen Dress</title></head><body>{render(size)}</body>" for size in (SMALL, 2 * SMALL)]
    for page in pages:
        read_page(page)
    small, large = (count_operations(lambda page=page: read_page(page)) for page in pages)
    # The caches were filled above, so that the two counts differ by the size of the page only.
    assert large <= 2.1 * small


def render_siblings(opening: str, child: str, closing: str) -> Callable[[int], str]:
    return lambda size: PRODUCT + opening + "".join(child.format(n=n) for n in range(size)) + closing


@pytest.mark.parametrize(
    "render",
    [
        render_siblings("<ol class='breadcrumb'>", "<li>Dresses {n}</li>", "</ol>"),
        render_siblings("<picture>", "<source srcset='/{n}.webp'><img src='/{n}.jpg'>", "</picture>"),
        render_siblings("<select aria-label='Color'>", "<option>Blue {n}</option>", "</select>"),
        render_siblings("<dl><dt>Color</dt>", "<dd>Blue {n}</dd>", "</dl>"),
        render_siblings("<div class='gallery'>", "<img src='/{n}-100x100.jpg'>", "</div>"),
        render_siblings("<nav class='mega-menu'>", "<a href='/c/{n}'>{n}</a>", "</nav>"),
        render_siblings("", "<b>Brand</b><script></script>", ""),
        render_siblings("", "<div class='menu gallery'><span>{n}</span>", ""),
    ],
    ids=["breadcrumb", "picture", "options", "definitions", "gallery", "navigation", "scripts", "depth"],
)
def test_twice_the_children_of_one_element_take_at_most_twice_the_operations(render: Callable[[int], str]) -> None:
    assert_linear(render)


def test_twice_the_variants_of_a_group_take_at_most_twice_the_operations() -> None:
    def render(size: int) -> str:
        variants = [
            {"@id": f"#{n}", "@type": "Product", "color": f"Blue {n}", "image": f"/{n}.jpg"} for n in range(size)
        ]
        group = {"@type": "ProductGroup", "name": "Linen Dress", "hasVariant": [{"@id": f"#{n}"} for n in range(size)]}
        return f"<script type='application/ld+json'>{json.dumps([group, *variants])}</script>"

    assert_linear(render)


def test_twice_the_variations_of_a_woocommerce_form_take_at_most_twice_the_operations() -> None:
    def render(size: int) -> str:
        variations = [
            {"attributes": {"attribute_pa_color": str(n)}, "image": {"full_src": f"/{n}.jpg"}} for n in range(size)
        ]
        options = "".join(f"<option value='{n}'>Blue {n}</option>" for n in range(size))
        data = json.dumps(variations).replace('"', "&quot;")
        return (
            f"<div class='woocommerce'><form class='variations_form cart' data-product_variations=\"{data}\">"
            f"<select name='attribute_pa_color'>{options}</select></form></div>"
        )

    assert_linear(render)
