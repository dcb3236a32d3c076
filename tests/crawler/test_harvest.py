"""What feeds and listings put into a state: the same however often it is read, and no more than a budget allows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.budget import ALLOWANCE, BARREN
from crawler.discover.links import Link
from crawler.outcomes import FEED, PAGE, FeedProduct, FeedRead, ListingRead, ProductRead
from crawler.store import Store
from weft.contracts.product import PhotoLink, Product

SHOP = "https://shop.example"
FEED_URL = f"{SHOP}/products.json?limit=250&page=1"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "s.sqlite")
    yield opened
    opened.close()


def product(name: str, page: str = "", colour: str | None = None) -> Product:
    photos = (PhotoLink(url=f"{SHOP}/{name}-{colour}.jpg"),)
    return Product(
        product_id=f"shop/{name}", shop="shop", url=page or f"{SHOP}/p/{name}", title=name, colour=colour, photos=photos
    )


def read_feed(store: Store, *products: Product, feeds: tuple[str, ...] = (), settles: bool = True) -> None:
    store.plant(FEED, [FEED_URL])
    rows = store._db.execute("SELECT id FROM frontier WHERE url = ?", (FEED_URL,)).fetchone()
    told = tuple(FeedProduct(place, product) for place, product in enumerate(products))
    store.keep(FeedRead(row=rows[0], products=told, feeds=feeds, settles=settles))


def sightings(store: Store) -> list[tuple[str, str]]:
    return store._db.execute("SELECT page, product_id FROM products ORDER BY page").fetchall()


def test_a_feed_that_is_read_again_changes_nothing(store: Store) -> None:
    read_feed(store, product("a"), product("b"), settles=False)
    before = sightings(store)
    assert store.is_waiting(FEED)
    read_feed(store, product("a"), product("b"))
    assert sightings(store) == before == [(f"{SHOP}/p/a", "shop/a"), (f"{SHOP}/p/b", "shop/b")]
    assert store.products == 2
    assert not store.is_waiting(FEED)


def test_variants_at_one_address_are_all_kept(store: Store) -> None:
    page = f"{SHOP}/p/a"
    read_feed(store, product("a", page, "Red"), product("a", page, "Blue"), product("a", page, "Red"))
    assert sightings(store) == [(page, "shop/a"), (f"{page}#1", "shop/a")]
    assert store.products == 1


def test_a_page_of_the_feed_with_nothing_new_ends_it(store: Store) -> None:
    further = f"{SHOP}/products.json?limit=250&page=2"
    read_feed(store, product("a"), feeds=(further,))
    ((row, url),) = store.todo(FEED, 9, ())
    assert url == further
    store.keep(FeedRead(row=row, products=(FeedProduct(250, product("a")),), feeds=(f"{further}0",)))
    assert not store.is_waiting(FEED)


def test_a_page_that_a_feed_told_is_not_asked(store: Store) -> None:
    read_feed(store, product("a"))
    store.plant(PAGE, [f"{SHOP}/p/a", f"{SHOP}/p/b"])
    assert [url for _, url in store.todo(PAGE, 9, ())] == [f"{SHOP}/p/b"]


def read_page(store: Store, url: str, *links: str) -> None:
    """Keep `url` as a listing of `links`."""
    row = {known: row for row, known in store.todo(PAGE, 9_999, ())}[url]
    followed = tuple(Link(link, is_own=True) for link in links)
    store.keep(ListingRead(row=row, url=url, trail="", label="", links=followed))


def test_a_pattern_that_leads_to_nothing_waits_until_a_product_earns_for_it(store: Store) -> None:
    pages = [f"{SHOP}/blog/tales/{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(ALLOWANCE // BARREN + 50)]
    store.plant(PAGE, [f"{SHOP}/"], linked=True)
    read_page(store, f"{SHOP}/", *pages, f"{SHOP}/shirts/a")
    asked = 0
    while waiting := [url for _, url in store.todo(PAGE, 9_999, ()) if "/blog/" in url]:
        read_page(store, waiting[0])
        asked += 1
    assert asked == ALLOWANCE // BARREN
    assert [url for _, url in store.todo(PAGE, 9, ())] == [f"{SHOP}/shirts/a"]
    left = store._db.execute("SELECT url FROM frontier WHERE status = 'deferred' ORDER BY url").fetchall()
    assert len(left) == 50
    # A tale that turns out to be a product.
    (row,) = store._db.execute("SELECT id FROM frontier WHERE url = ?", left[0]).fetchone()
    assert store.is_deferred(row)
    store.keep(ProductRead(row=row, product=product("a", left[0][0])))
    assert len([url for _, url in store.todo(PAGE, 99, ()) if "/blog/" in url]) == 49


def test_pages_that_sitemaps_name_have_no_budget(store: Store) -> None:
    pages = [f"{SHOP}/blog/{n}" for n in range(ALLOWANCE)]
    store.plant(PAGE, pages)
    for url in pages[:-1]:
        read_page(store, url)
    assert [url for _, url in store.todo(PAGE, 9, ())] == pages[-1:]
