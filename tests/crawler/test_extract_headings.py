"""The title is the heading of the page's own product, and a block around the product is read whatever its name."""

import pytest

from crawler.extract.combine import extract_product_from_html
from crawler.page.document import parse_html

URL = "https://shop.example/p/linen-dress"
OFFER = '<span class="price">29,90 €</span><form action="/cart/add"><button>Add to cart</button></form>'
PHOTO = '<div class="product-gallery"><img src="/i/dress.jpg"></div>'
OWN = f"<main><h1>Linen Dress</h1>{PHOTO}{OFFER}</main>"


def find_title(body: str, head: str = "<title>Linen Dress | Fenwick</title>") -> str | None:
    product = extract_product_from_html(f"<html><head>{head}</head><body>{body}</body></html>", URL)
    return product.title.value if product else None


@pytest.mark.parametrize(
    "foreign",
    [
        "<div id='dialog'><h1>Share with friends</h1></div>",
        "<div role='dialog'><h1>Linen Dress size guide</h1></div>",
        "<dialog><h1>Linen</h1></dialog>",
        "<div hidden><h1>Linen Dress in red</h1></div>",
        "<div style='display:none'><h1>Linen Dress in red</h1></div>",
        "<h1>Follow the designer</h1>",
        "<header><h1><a href='/'>Fenwick</a></h1></header>",
        "<h1 class='logo'>Fenwick</h1>",
        "<h1>Fenwick</h1>",
        "<section class='related'><h1>Linen Dress Long</h1></section>",
        "<h1><a href='/p/other'>Linen Dress Long</a></h1>",
        "<ul>" + "<li><a href='/p/2'><img src='/2.jpg'></a><h1>Linen Dress Long</h1></li>" * 3 + "</ul>",
        "<nav><h1>Dress</h1></nav>",
        "<h1></h1>",
        "<h1>Newsletter</h1>",
        "<div class='social-share'><h1>Linen Dress</h1></div>",
    ],
)
def test_the_heading_of_the_product_is_the_title_whatever_headings_surround_it(foreign: str) -> None:
    assert find_title(foreign + OWN) == "Linen Dress"
    assert find_title(OWN + foreign) == "Linen Dress"


@pytest.mark.parametrize(
    "only", ["<h1>Share with friends</h1>", "<h1><a href='/'>Fenwick</a></h1>", "<dialog><h1>Cookies</h1></dialog>", ""]
)
def test_without_a_heading_of_its_own_the_title_tag_is_the_title(only: str) -> None:
    assert find_title(f"{only}<main>{PHOTO}{OFFER}</main>") == "Linen Dress"


def test_a_heading_that_shares_most_words_with_the_title_tag_is_taken() -> None:
    title = "<title>Linen Dress (Ida) - long dress by Fenwick: Dresses</title>"
    body = f"<h1>Dresses</h1><h1>Fenwick</h1><main><h1>Linen Dress (Ida) Long Dress</h1>{PHOTO}{OFFER}</main>"
    assert find_title(body, title) == "Linen Dress (Ida) Long Dress"


def test_of_headings_without_a_word_of_the_title_the_one_before_the_price_is_taken() -> None:
    assert find_title(f"<h1>One</h1><p>x</p><p>y</p><h1>Two</h1>{PHOTO}{OFFER}<h1>Three</h1>", "") == "Two"


def test_a_title_in_a_language_without_spaces_is_compared() -> None:
    body = f"<h1>お知らせ</h1><h1>リネンのワンピース</h1>{PHOTO}{OFFER}"
    assert find_title(body, "<title>リネンのワンピース｜店</title>") == "リネンのワンピース"


def test_a_button_in_a_heading_is_not_part_of_it() -> None:
    heading = "<h1>Linen<br>Dress <button>Share</button><svg><title>Heart</title></svg><script>1</script></h1>"
    assert find_title(f"{heading}{PHOTO}{OFFER}") == "Linen Dress"


@pytest.mark.parametrize(
    "around",
    [
        "<aside>{}</aside>",
        "<div class='with-menu'>{}</div>",
        "<div class='product-with-reviews'>{}</div>",
        "<div id='menu-open'><aside class='x'>{}</aside></div>",
        "<div class='navy-theme'><div class='image-preview'>{}</div></div>",
        "<header>{}</header>",
    ],
)
def test_a_block_around_the_product_is_read_whatever_its_name(around: str) -> None:
    body = f"<h1>Linen Dress</h1><dl><dt>Brand</dt><dd>Fenwick</dd></dl>{PHOTO}{OFFER}"
    page = extract_product_from_html(f"<body>{around.format(body)}</body>", URL)
    assert page is not None
    assert (page.brand and page.brand.value, len(page.photos)) == ("Fenwick", 1)


def test_an_aside_with_only_the_button_to_buy_is_read() -> None:
    page = extract_product_from_html(f"<body><h1>Linen Dress</h1>{PHOTO}<aside>{OFFER}</aside></body>", URL)
    assert page is not None
    assert page.price is not None


@pytest.mark.parametrize("block", ["<aside>{}</aside>", "<div class='reviews'>{}</div>", "<div class='menu'>{}</div>"])
def test_a_block_beside_the_product_is_not_read(block: str) -> None:
    document = parse_html(f"<body>{OWN}{block.format('<p>Brand: Other</p>')}</body>", URL)
    assert not any("Other" in (element.text or "") for element in document.main_elements)


@pytest.mark.parametrize(
    ("canonical", "crumbs", "is_kept"),
    [
        ("/", "", False),
        ("/en/", "", False),
        ("/index.php", "", False),
        ("/c/dresses", "", False),
        ("/collections/dresses", "", False),
        ("/women/dresses", "<a href='/women'>Women</a><a href='/women/dresses'>Dresses</a>", False),
        ("/dress", "<a href='/dress'>Dress</a>", False),
        ("/search", "", False),
        ("https://other.example/p/linen-dress", "", False),
        ("/p/linen", "<a href='/p/linen'>Linen</a>", True),
        ("/p/dress-ida", "<a href='/p/dress-ida'>Linen Dress</a>", True),
        ("/collections/dresses/products/linen-dress", "", True),
        ("/shop/linen-dress", "", True),
    ],
)
def test_a_canonical_link_to_a_listing_or_the_home_page_is_ignored(canonical: str, crumbs: str, is_kept: bool) -> None:
    html = f"<link rel=canonical href='{canonical}'><div class='breadcrumb'>{crumbs}</div><h1>Linen Dress</h1>"
    expected = f"https://shop.example{canonical}" if is_kept else URL
    assert parse_html(html, URL).canonical_url == expected


def test_a_canonical_link_without_the_parameter_that_names_the_product_is_ignored() -> None:
    html = "<link rel=canonical href='/product.php'><h1>Linen Dress</h1>"
    assert parse_html(html, "https://shop.example/product.php?id=5").canonical_url.endswith("?id=5")
