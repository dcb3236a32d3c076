"""Listings are bounded by the new products that they bring, whatever the shape of their URLs."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest

from crawler.discover import crawl_traps
from crawler.discover.links import Link
from crawler.items import FEED, PAGE, FailedItem, FeedPartItem, FeedProduct, ListingItem, ProductItem
from crawler.storage.frontier import REORDERED
from crawler.storage.store import Store
from weft.contracts.product import Product

SHOP = "https://shop.example"
FILTERS = {
    "colour": ("red", "blue", "black", "white", "green"),
    "size": ("size-s", "size-m", "size-l"),
    "fabric": ("cotton", "linen", "wool", "silk"),
    "fit": ("slim", "regular", "loose"),
    "price": ("sale", "new", "under-50"),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "s.sqlite")
    yield opened
    opened.close()


def crawl(store: Store, get_links: Callable[[str], Sequence[str] | None], start: str = "/") -> tuple[int, int]:
    """Read pages until none is left; return how many were read and how many products there were.

    Args:
        store: An empty store.
        get_links: Returns the links of a path, None for a product.
        start: The first path.
    """
    store.add_urls(PAGE, [SHOP + start], linked=True)
    for num_pages in count():
        todo = store.select_todo(PAGE, 1, ())
        if not todo:
            return num_pages, store.product_count
        ((row, url),) = todo
        links = get_links(url.removeprefix(SHOP))
        if links is None:
            product = Product(product_id=f"shop/{url.removeprefix(SHOP)}", shop="shop", url=url, title=url)
            store.save(ProductItem(row=row, product=product))
        else:
            followed = tuple(Link(SHOP + link, in_main_content=True) for link in links)
            store.save(ListingItem(row=row, url=url, breadcrumb="", page_title="", links=followed))
    raise AssertionError


def make_filtered_shop(categories: Sequence[str], products: Sequence[str]) -> Callable[[str], Sequence[str] | None]:
    """Return a shop whose listings link to themselves with each further filter, in the order of the clicks."""
    values = [value for group in FILTERS.values() for value in group]

    def get_links(path: str) -> Sequence[str] | None:
        if path.startswith("/p/"):
            return None
        if path == "/":
            return categories
        chosen = {group for group, of_group in FILTERS.items() if set(of_group) & set(path.split("/"))}
        left = [value for value in values if not any(value in FILTERS[group] for group in chosen)]
        return [*products, *(f"{path}/{value}" for value in left)]

    return get_links


@pytest.mark.parametrize(
    "categories", [["/dresses"], ["/c/dresses"], ["/en/c/dresses"], ["/dresses", "/shirts", "/shoes", "/sale"]]
)
def test_filters_in_the_path_cost_a_small_shop_few_requests(store: Store, categories: list[str]) -> None:
    num_pages, num_products = crawl(store, make_filtered_shop(categories, ["/p/a", "/p/b", "/p/c"]))
    assert num_products == 3
    assert num_pages <= 350


def test_filters_in_the_path_hide_no_product(store: Store) -> None:
    filters = make_filtered_shop([], [])

    def get_links(path: str) -> Sequence[str] | None:
        """Link to 15 products of their own from each of four categories, among many filtered views."""
        if path.startswith("/p/"):
            return None
        if path == "/":
            return [f"/shop/{name}" for name in ("dresses", "shirts", "shoes", "bags")]
        category = path.split("/")[2]
        return [*(f"/p/{category}-{n}" for n in range(15)), *(filters(path) or ())]

    num_pages, num_products = crawl(store, get_links)
    assert num_products == 60
    assert num_pages <= 600


def test_products_of_a_feed_earn_budget_for_listings(store: Store) -> None:
    """A feed that breaks off is followed by listings, which mostly show what the feed has shown."""
    known = [f"/p/{n}" for n in range(200)]
    store.add_urls(FEED, [f"{SHOP}/feed"])
    ((row, _),) = store.select_todo(FEED, 1, ())
    products = (Product(product_id=f"shop{path}", shop="shop", url=SHOP + path, title=path) for path in known)
    store.save(FeedPartItem(row=row, products=tuple(FeedProduct(n, product) for n, product in enumerate(products))))

    def get_links(path: str) -> Sequence[str] | None:
        """Link to a new product from the last of 300 categories only."""
        if path == "/":
            return [f"/for-{chr(97 + n % 20)}/{chr(97 + n // 20)}/list" for n in range(300)]
        return None if path.startswith("/p/") else [*known[:5], *(["/p/new"] if path == "/for-t/o/list" else [])]

    assert crawl(store, get_links)[1] == 201


def test_a_blog_beside_the_shop_hides_no_product(store: Store) -> None:
    def get_links(path: str) -> Sequence[str] | None:
        if path == "/":
            return [*(f"/20{n // 20:02}/post-{chr(97 + n % 20)}/{n % 7}" for n in range(600)), "/c/all"]
        if path == "/c/all":
            return ["/c/men", "/c/women"]
        if path.startswith("/c/"):
            return [f"/{path[3:]}/shirts/{n}.html" for n in range(150)]
        return None if path.endswith(".html") else []

    assert crawl(store, get_links)[1] == 300


def test_a_flat_shop_loses_no_product_among_other_pages(store: Store) -> None:
    """Products and articles that differ only in their last segment share a template."""

    def get_links(path: str) -> Sequence[str] | None:
        if path == "/":
            return [f"/{'shirt' if n % 10 == 0 else 'article'}-{chr(97 + n % 23)}{n}" for n in range(300)]
        return None if path.startswith("/shirt-") else []

    assert crawl(store, get_links)[1] == 30


def test_same_filters_are_requested_in_one_order_unless_it_fails(store: Store) -> None:
    def save_home(*links: str) -> None:
        row = store._db.execute("SELECT id FROM frontier WHERE url = ?", (f"{SHOP}/",)).fetchone()[0]
        followed = tuple(Link(SHOP + link, in_main_content=True) for link in links)
        store.save(ListingItem(row=row, url=f"{SHOP}/", breadcrumb="", page_title="", links=followed))

    store.add_urls(PAGE, [f"{SHOP}/"], linked=True)
    save_home("/c/red/m", "/c/m/red")
    ((row, url),) = store.select_todo(PAGE, 9, ())
    assert url == f"{SHOP}/c/red/m"
    assert store._db.execute("SELECT * FROM skipped_urls").fetchall() == [(f"{SHOP}/c/m/red", REORDERED)]
    store.save(FailedItem(row=row, reason="HTTP 404", attempts=1))
    save_home("/c/red/m", "/c/m/red")
    assert [url for _, url in store.select_todo(PAGE, 9, ())] == [f"{SHOP}/c/m/red"]


@pytest.mark.parametrize(
    ("url", "other", "is_equal"),
    [
        ("/dresses/red/size-m", "/dresses/size-m/red", True),
        ("/dresses/red+size-m", "/dresses/size-m+red", True),
        ("/c?colour=red&size=m&cat=3", "/c?cat=3&size=m&colour=red", True),
        ("/size/42/colour/red", "/colour/red/size/42", True),
        ("/events/2026/11", "/events/11/2026", False),
        ("/dresses/red/size-m", "/dresses/red/size-l", False),
        ("/p/1/2", "/p/2/1", False),
        ("/c?cat=3&cat=4&a=1", "/c?cat=4&cat=3&a=1", False),
    ],
)
def test_urls_that_differ_in_the_order_of_filters_are_equal(url: str, other: str, is_equal: bool) -> None:
    assert (crawl_traps.unordered_parts(SHOP + url) == crawl_traps.unordered_parts(SHOP + other)) == is_equal
