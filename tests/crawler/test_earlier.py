"""What a store takes over from the crawl before, asked of the store alone."""

from pathlib import Path

import pytest
from made_crawl import BASE, product

from crawler.earlier import NOT_NAMED, state_before
from crawler.outcomes import (
    FEED,
    PAGE,
    PHOTO,
    SITEMAP,
    Failed,
    FeedProduct,
    FeedRead,
    PhotoRead,
    ProductRead,
    Served,
    SitemapRead,
    Unchanged,
)
from crawler.snapshot import Snapshot
from crawler.store import Store
from weft.contracts.product import PhotoLink

PAGE_1, PAGE_2 = f"{BASE}/p/1", f"{BASE}/p/2"
READ_AT = "2026-05-02T10:00:00+00:00"


def begun(folder: Path, snapshot: int) -> Store:
    store = Store(folder / f"shop-{snapshot}.sqlite")
    store.begin("shop", f"{BASE}/", snapshot)
    return store


def sitemap(store: Store, **lastmod: str) -> None:
    store.plant(SITEMAP, [f"{BASE}/sitemap.xml"])
    ((row, _),) = store.todo(SITEMAP, 1, ())
    dates = {f"{BASE}/p/{name[1:]}": said for name, said in lastmod.items()}
    store.keep(SitemapRead(row=row, sitemaps=(), pages=(PAGE_1, PAGE_2), lastmod=dates))


def read_all(store: Store, validators: bool = True) -> None:
    for row, url in store.todo(PAGE, 9, ()):
        photo = PhotoLink(url=f"{url}.jpg")
        served = Served(url=url, at=READ_AT, headers={"etag": '"1"'} if validators else {})
        store.keep(ProductRead(row=row, product=product(int(url[-1]), photos=(photo,)), served=served))
    for row, url in store.todo(PHOTO, 9, ()):
        served = Served(url=url, at=READ_AT, headers={"last-modified": "Fri, 01 May 2026"} if validators else {})
        store.keep(PhotoRead(row=row, body=url.encode(), served=served))
    store.finish()
    store.close()


def unasked(store: Store) -> set[str]:
    """The pages that the second crawl need not ask."""
    return {url for row, url in store.todo(PAGE, 9, ()) if store.recognise(row, url)}


@pytest.mark.parametrize(
    ("then", "now", "is_current"),
    [
        ("2026-05-01", "2026-05-01", True),
        ("2026-05-01", "2026-05-03", False),
        ("2026-05-02", "2026-05-02", False),  # the day of the crawl: it may have changed after
        ("2026-05-02T09:00:00Z", "2026-05-02T09:00:00Z", True),
        ("last week", "last week", False),
    ],
)
def test_a_page_is_not_asked_when_its_sitemap_says_the_date_it_said_before(
    then: str, now: str, is_current: bool, tmp_path: Path
) -> None:
    first = begun(tmp_path, 1)
    sitemap(first, p1=then)
    read_all(first)
    second = begun(tmp_path, 2)
    sitemap(second, p1=now)
    assert unasked(second) == ({PAGE_1} if is_current else set())
    assert second.products == is_current
    second.close()


def test_pages_and_photos_are_asked_with_the_validators_of_their_own_address(tmp_path: Path) -> None:
    first = begun(tmp_path, 1)
    sitemap(first)
    read_all(first)
    second = begun(tmp_path, 2)
    assert second.earlier.validators(PAGE, PAGE_1) == {"If-None-Match": '"1"'}
    assert second.earlier.validators(PHOTO, f"{PAGE_1}.jpg") == {"If-Modified-Since": "Fri, 01 May 2026"}
    assert second.earlier.validators(PAGE, f"{BASE}/p/3") == {}
    assert second.earlier.validators(SITEMAP, f"{BASE}/sitemap.xml") == {}
    second.close()


def test_pages_are_asked_whole_when_another_reader_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = begun(tmp_path, 1)
    sitemap(first)
    read_all(first)
    monkeypatch.setattr("crawler.earlier.reader", lambda: "another")
    second = begun(tmp_path, 2)
    assert second.earlier.validators(PAGE, PAGE_1) == {}
    assert second.earlier.validators(PHOTO, f"{PAGE_1}.jpg") != {}
    second.close()


def test_photos_that_can_only_be_fetched_whole_stand_with_their_unchanged_page(tmp_path: Path) -> None:
    first = begun(tmp_path, 1)
    sitemap(first)
    read_all(first, validators=False)
    second = begun(tmp_path, 2)
    sitemap(second)
    for row, _ in second.todo(PAGE, 9, ()):
        second.keep(Unchanged(row=row))
    assert second.todo(PHOTO, 9, ()) == []
    second.finish()
    second.close()
    assert [_tables(tmp_path, n) for n in (1, 2)] == [_tables(tmp_path, 1)] * 2


def test_an_answer_that_nobody_asked_for_is_a_failure(tmp_path: Path) -> None:
    store = begun(tmp_path, 1)
    store.plant(PAGE, [PAGE_1])
    store.keep(Unchanged(row=store.todo(PAGE, 1, ())[0][0]))
    store.close()
    assert [failure.reason for failure in Snapshot(store.path).failures()] == ["HTTP 304"]


def test_a_shop_that_is_down_has_withdrawn_nothing(tmp_path: Path) -> None:
    first = begun(tmp_path, 1)
    sitemap(first)
    read_all(first)
    second = begun(tmp_path, 2)
    second.plant(SITEMAP, [f"{BASE}/sitemap.xml"])
    second.keep(Failed(row=second.todo(SITEMAP, 1, ())[0][0], reason="HTTP 503", tries=5))
    assert second.plant_unseen()
    for row, _ in second.todo(PAGE, 9, ()):
        second.keep(Failed(row=row, reason="timeout", tries=2))
    assert not second.plant_unseen()
    second.finish()
    second.close()
    assert list(Snapshot(second.path).withdrawn()) == []
    assert _tables(tmp_path, 2) == _tables(tmp_path, 1)


@pytest.mark.parametrize(("feed_failed", "gone"), [(False, [NOT_NAMED]), (True, [])])
def test_a_product_that_the_feed_no_longer_names_is_gone_where_the_feed_was_read(
    feed_failed: bool, gone: list[str], tmp_path: Path
) -> None:
    for snapshot, numbers in ((1, (1, 2)), (2, (1,))):
        store = begun(tmp_path, snapshot)
        store.plant(FEED, [f"{BASE}/feed", f"{BASE}/feed?page=2"])
        (one, _), (two, _) = store.todo(FEED, 9, ())
        told = tuple(FeedProduct(place, product(number)) for place, number in enumerate(numbers))
        store.keep(FeedRead(row=one, products=told))
        if feed_failed:
            store.keep(Failed(row=two, reason="timeout", tries=2))
        else:
            store.keep(FeedRead(row=two, products=()))
        store.plant_unseen()
        store.finish()
        store.close()
    assert [found.reason for found in Snapshot(store.path).withdrawn()] == gone
    assert len(list(Snapshot(store.path).products())) == 2 - len(gone)


def test_the_crawl_before_is_the_newest_finished_one_of_the_same_shop(tmp_path: Path) -> None:
    for snapshot in (1, 3, 10):
        store = begun(tmp_path, snapshot)
        store.finish() if snapshot != 3 else store.commit()
        store.close()
    (tmp_path / "shop-broken.sqlite").write_text("no state")

    def before(snapshot: int, shop: str = "shop", start: str = f"{BASE}/") -> str:
        found = state_before(tmp_path, tmp_path / f"shop-{snapshot}.sqlite", shop, start, snapshot)
        return found.name if found else ""

    assert (before(1), before(3), before(10), before(11)) == ("", "shop-1.sqlite", "shop-1.sqlite", "shop-10.sqlite")
    assert before(11, start="http://other.example/") == ""
    assert before(11, shop="sho") == ""


def _tables(folder: Path, snapshot: int) -> list[object]:
    found = Snapshot(folder / f"shop-{snapshot}.sqlite")
    return [(each, [found.photo_digest(photo.url) for photo in each.photos]) for each in found.products()]
