"""Properties of a URL by its text: crawl traps, templates, page numbers, platform APIs."""

from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.discover import crawl_traps, platform_apis, urls

SHOP = "https://shop.example"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/c?color=red", "facet"),
        ("/c?filter[size]=m", "facet"),
        ("/c?filter.v.option.colour=Red", "facet"),
        ("/c?pa_color=red", "facet"),
        ("/c?min_price=3", "facet"),
        ("/c?sort_by=price", "sort"),
        ("/c?product_list_order=name", "sort"),
        ("/c?view=grid", "view"),
        ("/p/1?variant=77", "view"),
        ("/search?q=shirt", "search"),
        ("/events?month=2026-12", "calendar"),
        ("/c?add-to-cart=7", "action"),
        ("/customer/account/login/", "account"),
        ("/checkout/cart", "account"),
        ("/a/b/a/b/a/b", "repeats itself"),
        (f"/{'x' * 2000}", "repeats itself"),
        ("/c/men?p=2", ""),
        ("/c/men?page=2&id=7", ""),
        ("/women/shirts", ""),
        ("/accounting-shirts", ""),
        ("/basket/", ""),  # French for a sneaker
        ("/sacs/panier/", ""),  # French for a basket bag
        ("/basket/add/7", "account"),
        ("/compare/12,13", "account"),
        ("/basket.php", "account"),
        ("/basket/10001.html", ""),
        ("/index.php?option=com_virtuemart&view=productdetails&virtuemart_product_id=5", ""),
        ("/shop.php?do=artikel&id=5", ""),
        ("/fr/?mode=femme", ""),
        ("/c?mode=list", "view"),
        ("/shop.php?action=add_product&id=5", "action"),
        ("/index.php?route=product/category&path=20_27", ""),
    ],
)
def test_a_trap_is_recognised_by_its_url(path: str, reason: str) -> None:
    assert crawl_traps.skip_reason(SHOP + path) == reason


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/c/men?id=3&color=red&sort=price", "/c/men?id=3"),
        ("/p/1?variant=7", "/p/1"),
        ("/index.php?view=category&id=3&sort=price", "/index.php?view=category&id=3"),
        ("/search?q=shirt", ""),
        ("/login?lang=fr", ""),
    ],
)
def test_a_view_has_a_plain_page_and_a_search_has_none(path: str, expected: str) -> None:
    assert crawl_traps.strip_view_params(SHOP + path, crawl_traps.skip_reason(SHOP + path)) == (
        SHOP + expected if expected else ""
    )


@pytest.mark.parametrize(
    "url",
    [
        "/p/1?PHPSESSID=3f",
        "/p/1;jsessionid=4F2A",
        "/(S(abc123))/p/1",
        "/p/1?sessionid=7&utm_campaign=x",
        "/p/1?sess_id=9",
        "/p/1?form_key=9#reviews",
    ],
)
def test_a_canonical_url_has_no_session(url: str) -> None:
    assert urls.canonicalize(SHOP + url) == f"{SHOP}/p/1"


@given(st.text("abc./-_%25?=&é#", max_size=12))
def test_absolute_url_gives_the_result_of_urljoin(path: str) -> None:
    absolute = urls.absolute_url(f"{SHOP}/c/men?p=2", f"/{path}")
    joined = urljoin(f"{SHOP}/c/men?p=2", f"/{path}".strip())
    assert absolute is not None or path.startswith("/")
    if absolute is not None:
        assert urls.canonicalize(absolute) == urls.canonicalize(joined)


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/about", "/*"),
        ("/p/123", "/p/#"),
        ("/c/men/shirts", "/c/men/*"),
        ("/c/men/shirts/black/cotton", "/c/men/*"),
        ("/events/2026/12/24", "/events/#/#"),
        ("/c/men?size=3&page=7", "/c/*?page&size"),
        ("/s/0123456789abcdef01/c/men", "/s/*/*"),
        ("/", "/"),
    ],
)
def test_urls_made_by_one_rule_have_one_template(path: str, template: str) -> None:
    assert crawl_traps.url_template(SHOP + path) == template


@pytest.mark.parametrize(
    ("path", "listing"),
    [
        ("/c/men?p=2", "/c/men"),
        ("/c?id=7&page=3", "/c?id=7"),
        ("/c/men/page/4/", "/c/men"),
        ("/c/men/page-4", "/c/men"),
        ("/c/men?start=48&sz=24", "/c/men?sz=24"),
        ("/c/men", "/c/men"),
        ("/page/3", "/"),
        ("/page/about", "/page/about"),
    ],
)
def test_a_numbered_page_has_the_url_of_its_listing(path: str, listing: str) -> None:
    assert crawl_traps.listing_url(SHOP + path) == SHOP + listing


@given(st.text(max_size=30))
def test_every_url_has_a_template_a_skip_reason_and_a_listing(path: str) -> None:
    url = urls.absolute_url(SHOP, f"/{path}")
    if url is not None:
        url = urls.canonicalize(url)
        assert crawl_traps.url_template(url).startswith("/")
        assert isinstance(crawl_traps.skip_reason(url), str)
        assert crawl_traps.listing_url(crawl_traps.listing_url(url)) is not None


def test_the_pages_of_a_platform_api_follow_each_other() -> None:
    first, second = platform_apis.api_candidates(f"{SHOP}/en/")
    assert first == f"{SHOP}/products.json?limit=250&page=1"
    assert second == f"{SHOP}/wp-json/wc/store/v1/products?per_page=100&page=1"
    assert platform_apis.next_page_url(first) == f"{SHOP}/products.json?limit=250&page=2"
    assert platform_apis.parse_api_url(platform_apis.next_page_url(second)) == platform_apis.ApiPage(
        platform_apis.WOOCOMMERCE, 2, 100
    )


def test_an_api_is_read_from_its_first_page_with_the_largest_page_size() -> None:
    api_url = f"{SHOP}/collections/men/products.json?limit=999&page=4&currency=EUR"
    assert platform_apis.first_page_url(api_url) == (
        f"{SHOP}/collections/men/products.json?limit=250&page=1&currency=EUR"
    )
    assert platform_apis.first_page_url(f"{SHOP}/feed.php?page=4") == f"{SHOP}/feed.php?page=4"


@pytest.mark.parametrize(
    ("path", "is_feed"),
    [("/feed.xml", True), ("/c.csv.gz", True), ("/products.json", True), ("/", False), ("/p", False)],
)
def test_feed_files_and_apis_are_distinguished_from_pages(path: str, is_feed: bool) -> None:
    assert platform_apis.is_feed_url(SHOP + path) is is_feed


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("/p/%ec%9b%90%ED%94%BC", "/p/%EC%9B%90%ED%94%BC"),
        ("/p/원피", "/p/%EC%9B%90%ED%94%BC"),
        ("/p/cafe%CC%81", "/p/caf%C3%A9"),
        ("/p/caf%c3%a9", "/p/caf%C3%A9"),
        ("/p/%7Euser%2fa", "/p/~user%2Fa"),
        ("/p/%ff%FE", "/p/%FF%FE"),
        ("/p?q=%c3%a9&b=%26", "/p?q=%C3%A9&b=%26"),
    ],
)
def test_the_spellings_of_one_address_are_equal(url: str, canonical: str) -> None:
    assert urls.canonicalize(SHOP + url) == SHOP + canonical


@given(st.text(alphabet="ab/%é원\u0301&=?~ ", max_size=30))
def test_a_canonical_url_is_its_own_canonical_url(text: str) -> None:
    url = urls.canonicalize(f"{SHOP}/{text}")
    assert urls.canonicalize(url) == url


def test_an_international_host_name_is_one_site_in_both_forms() -> None:
    assert urls.is_same_site("https://müller-mode.example/", "https://xn--mller-mode-9db.example/p/1")
    assert urls.canonicalize("https://Müller-Mode.example/") == "https://xn--mller-mode-9db.example/"
