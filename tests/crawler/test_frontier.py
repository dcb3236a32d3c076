"""Feeds and listings in the frontier: repeated reads change nothing, and budgets limit links."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.discover.links import Link
from crawler.items import FEED, PAGE, FeedPartItem, FeedProduct, ListingItem, ProductItem
from crawler.storage.crawl_budget import EMPTY_PAGE_COST, INITIAL_BUDGET
from crawler.storage.store import Store
from weft.contracts.product import PhotoLink, Product

SHOP = "https://shop.example"
FEED_URL = f"{SHOP}/products.json?limit=250&page=1"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "s.sqlite")
    yield opened
    opened.close()


def make_product(name: str, page: str = "", colour: str | None = None) -> Product:
    photos = (PhotoLink(url=f"{SHOP}/{name}-{colour}.jpg"),)
    return Product(
        product_id=f"shop/{name}", shop="shop", url=page or f"{SHOP}/p/{name}", title=name, colour=colour, photos=photos
    )


def save_feed(store: Store, *products: Product, feeds: tuple[str, ...] = (), is_final: bool = True) -> None:
    store.add_urls(FEED, [FEED_URL])
    rows = store._db.execute("SELECT id FROM frontier WHERE url = ?", (FEED_URL,)).fetchone()
    feed_products = tuple(FeedProduct(index, product) for index, product in enumerate(products))
    store.save(FeedPartItem(row=rows[0], products=feed_products, next_pages=feeds, is_final=is_final))


def read_observations(store: Store) -> list[tuple[str, str]]:
    return store._db.execute("SELECT page_url, product_id FROM products ORDER BY page_url").fetchall()


def test_reading_a_feed_twice_changes_nothing(store: Store) -> None:
    save_feed(store, make_product("a"), make_product("b"), is_final=False)
    before = read_observations(store)
    assert store.has_todo(FEED)
    save_feed(store, make_product("a"), make_product("b"))
    assert read_observations(store) == before == [(f"{SHOP}/p/a", "shop/a"), (f"{SHOP}/p/b", "shop/b")]
    assert store.product_count == 2
    assert not store.has_todo(FEED)


def test_variants_with_the_same_url_are_all_kept(store: Store) -> None:
    page = f"{SHOP}/p/a"
    save_feed(store, make_product("a", page, "Red"), make_product("a", page, "Blue"), make_product("a", page, "Red"))
    assert read_observations(store) == [(page, "shop/a"), (f"{page}#1", "shop/a")]
    assert store.product_count == 1


def test_feed_ends_at_a_page_without_new_products(store: Store) -> None:
    further = f"{SHOP}/products.json?limit=250&page=2"
    save_feed(store, make_product("a"), feeds=(further,))
    ((row, url),) = store.select_todo(FEED, 9, ())
    assert url == further
    store.save(FeedPartItem(row=row, products=(FeedProduct(250, make_product("a")),), next_pages=(f"{further}0",)))
    assert not store.has_todo(FEED)


def test_product_page_from_a_feed_is_not_requested(store: Store) -> None:
    save_feed(store, make_product("a"))
    store.add_urls(PAGE, [f"{SHOP}/p/a", f"{SHOP}/p/b"])
    assert [url for _, url in store.select_todo(PAGE, 9, ())] == [f"{SHOP}/p/b"]


def save_listing(store: Store, url: str, *links: str) -> None:
    """Save `url` as a listing with these links."""
    row = {known: row for row, known in store.select_todo(PAGE, 9_999, ())}[url]
    followed = tuple(Link(link, in_main_content=True) for link in links)
    store.save(ListingItem(row=row, url=url, breadcrumb="", page_title="", links=followed))


def test_template_over_budget_waits_until_a_product_earns_budget(store: Store) -> None:
    pages = [
        f"{SHOP}/blog/tales/{chr(97 + n % 26)}{chr(97 + n // 26)}"
        for n in range(INITIAL_BUDGET // EMPTY_PAGE_COST + 50)
    ]
    store.add_urls(PAGE, [f"{SHOP}/"], linked=True)
    save_listing(store, f"{SHOP}/", *pages, f"{SHOP}/shirts/a")
    num_requests = 0
    while waiting := [url for _, url in store.select_todo(PAGE, 9_999, ()) if "/blog/" in url]:
        save_listing(store, waiting[0])
        num_requests += 1
    assert num_requests == INITIAL_BUDGET // EMPTY_PAGE_COST
    assert [url for _, url in store.select_todo(PAGE, 9, ())] == [f"{SHOP}/shirts/a"]
    left = store._db.execute("SELECT url FROM frontier WHERE status = 'over_budget' ORDER BY url").fetchall()
    assert len(left) == 50
    # One of the pages turns out to be a product.
    (row,) = store._db.execute("SELECT id FROM frontier WHERE url = ?", left[0]).fetchone()
    assert store.is_over_budget(row)
    store.save(ProductItem(row=row, product=make_product("a", left[0][0])))
    assert len([url for _, url in store.select_todo(PAGE, 99, ()) if "/blog/" in url]) == 49


def test_pages_of_sitemaps_have_no_budget(store: Store) -> None:
    pages = [f"{SHOP}/blog/{n}" for n in range(INITIAL_BUDGET)]
    store.add_urls(PAGE, pages)
    for url in pages[:-1]:
        save_listing(store, url)
    assert [url for _, url in store.select_todo(PAGE, 9, ())] == pages[-1:]
