"""The store reuses records of the previous crawl."""

import re
from pathlib import Path

import pytest
from state_files import BASE_URL, make_product

import crawler
from crawler.extract.relations import Relations
from crawler.items import (
    FEED,
    PAGE,
    PHOTO,
    SITEMAP,
    FailedItem,
    FeedPartItem,
    FeedProduct,
    PhotoItem,
    ProductItem,
    ResponseInfo,
    SitemapItem,
    UnchangedItem,
)
from crawler.storage.previous_crawl import NOT_LISTED, READING_ROOMS, find_previous_state
from crawler.storage.snapshot import Snapshot
from crawler.storage.store import Store
from weft.contracts.product import PhotoLink

PAGE_1, PAGE_2 = f"{BASE_URL}/p/1", f"{BASE_URL}/p/2"
READ_AT = "2026-05-02T10:00:00+00:00"


def start_crawl(folder: Path, snapshot: int) -> Store:
    store = Store(folder / f"shop-{snapshot}.sqlite")
    store.begin("shop", f"{BASE_URL}/", snapshot)
    return store


def save_sitemap(store: Store, **lastmod: str) -> None:
    store.add_urls(SITEMAP, [f"{BASE_URL}/sitemap.xml"])
    ((row, _),) = store.select_todo(SITEMAP, 1, ())
    dates = {f"{BASE_URL}/p/{name[1:]}": date for name, date in lastmod.items()}
    store.save(SitemapItem(row=row, sitemaps=(), pages=(PAGE_1, PAGE_2), lastmod=dates))


def save_all_pages(store: Store, validators: bool = True) -> None:
    for row, url in store.select_todo(PAGE, 9, ()):
        photo = PhotoLink(url=f"{url}.jpg")
        served = ResponseInfo(url=url, fetched_at=READ_AT, headers={"etag": '"1"'} if validators else {})
        store.save(ProductItem(row=row, product=make_product(int(url[-1]), photos=(photo,)), response_info=served))
    for row, url in store.select_todo(PHOTO, 9, ()):
        served = ResponseInfo(
            url=url, fetched_at=READ_AT, headers={"last-modified": "Fri, 01 May 2026"} if validators else {}
        )
        store.save(PhotoItem(row=row, body=url.encode(), response_info=served))
    store.finish()
    store.close()


def list_skippable_pages(store: Store) -> set[str]:
    """Return the pages that the second crawl need not request."""
    return {url for row, url in store.select_todo(PAGE, 9, ()) if store.skip_if_unchanged(row, url)}


@pytest.mark.parametrize(
    ("then", "now", "is_current"),
    [
        ("2026-05-01", "2026-05-01", True),
        ("2026-05-01", "2026-05-03", False),
        ("2026-05-02", "2026-05-02", False),  # the day of the crawl: the page may have changed later that day
        ("2026-05-02T09:00:00Z", "2026-05-02T09:00:00Z", True),
        ("last week", "last week", False),
    ],
)
def test_page_with_unchanged_lastmod_is_not_requested(then: str, now: str, is_current: bool, tmp_path: Path) -> None:
    first = start_crawl(tmp_path, 1)
    save_sitemap(first, p1=then)
    save_all_pages(first)
    second = start_crawl(tmp_path, 2)
    save_sitemap(second, p1=now)
    assert list_skippable_pages(second) == ({PAGE_1} if is_current else set())
    assert second.product_count == is_current
    second.close()


def test_requests_have_the_validators_of_their_url(tmp_path: Path) -> None:
    first = start_crawl(tmp_path, 1)
    save_sitemap(first)
    save_all_pages(first)
    second = start_crawl(tmp_path, 2)
    assert second.previous_crawl.validators(PAGE, PAGE_1) == {"If-None-Match": '"1"'}
    assert second.previous_crawl.validators(PHOTO, f"{PAGE_1}.jpg") == {"If-Modified-Since": "Fri, 01 May 2026"}
    assert second.previous_crawl.validators(PAGE, f"{BASE_URL}/p/3") == {}
    assert second.previous_crawl.validators(SITEMAP, f"{BASE_URL}/sitemap.xml") == {}
    second.close()


def test_code_change_makes_requests_unconditional(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = start_crawl(tmp_path, 1)
    save_sitemap(first)
    save_all_pages(first)
    monkeypatch.setattr("crawler.storage.previous_crawl.extraction_version", lambda: "another")
    second = start_crawl(tmp_path, 2)
    assert second.previous_crawl.validators(PAGE, PAGE_1) == {}
    assert second.previous_crawl.validators(PHOTO, f"{PAGE_1}.jpg") != {}
    second.close()


def test_the_version_of_the_code_covers_every_room_that_reads_pages() -> None:
    package = Path(crawler.__file__).parent
    imported = {
        name
        for room in READING_ROOMS
        for file in (package / room).glob("*.py")
        for name in re.findall(r"^from crawler\.(\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        if (package / name).is_dir()
    }
    # How bytes become text and how URLs are compared are not what a page says.
    assert imported | {"overrides"} == {*READING_ROOMS, "decoding", "discover"}


def test_photos_without_validators_are_reused_with_their_unchanged_page(tmp_path: Path) -> None:
    first = start_crawl(tmp_path, 1)
    save_sitemap(first)
    save_all_pages(first, validators=False)
    second = start_crawl(tmp_path, 2)
    save_sitemap(second)
    for row, _ in second.select_todo(PAGE, 9, ()):
        second.save(UnchangedItem(row=row))
    assert second.select_todo(PHOTO, 9, ()) == []
    second.finish()
    second.close()
    assert [_export_tables(tmp_path, n) for n in (1, 2)] == [_export_tables(tmp_path, 1)] * 2


def test_unexpected_http_304_is_a_failure(tmp_path: Path) -> None:
    store = start_crawl(tmp_path, 1)
    store.add_urls(PAGE, [PAGE_1])
    store.save(UnchangedItem(row=store.select_todo(PAGE, 1, ())[0][0]))
    store.close()
    assert [failure.reason for failure in Snapshot(store.path).failures()] == ["HTTP 304"]


def test_no_product_counts_as_removed_if_the_shop_is_down(tmp_path: Path) -> None:
    first = start_crawl(tmp_path, 1)
    save_sitemap(first)
    save_all_pages(first)
    second = start_crawl(tmp_path, 2)
    second.add_urls(SITEMAP, [f"{BASE_URL}/sitemap.xml"])
    second.save(FailedItem(row=second.select_todo(SITEMAP, 1, ())[0][0], reason="HTTP 503", attempts=5))
    assert second.add_unseen_previous_urls()
    for row, _ in second.select_todo(PAGE, 9, ()):
        second.save(FailedItem(row=row, reason="timeout", attempts=2))
    assert not second.add_unseen_previous_urls()
    second.finish()
    second.close()
    assert list(Snapshot(second.path).removed_products()) == []
    assert _export_tables(tmp_path, 2) == _export_tables(tmp_path, 1)


@pytest.mark.parametrize(("feed_failed", "gone"), [(False, [NOT_LISTED]), (True, [])])
def test_product_missing_from_a_complete_feed_is_removed(feed_failed: bool, gone: list[str], tmp_path: Path) -> None:
    for snapshot, numbers in ((1, (1, 2)), (2, (1,))):
        store = start_crawl(tmp_path, snapshot)
        store.add_urls(FEED, [f"{BASE_URL}/feed", f"{BASE_URL}/feed?page=2"])
        (one, _), (two, _) = store.select_todo(FEED, 9, ())
        feed_products = tuple(FeedProduct(place, make_product(number)) for place, number in enumerate(numbers))
        store.save(FeedPartItem(row=one, products=feed_products))
        if feed_failed:
            store.save(FailedItem(row=two, reason="timeout", attempts=2))
        else:
            store.save(FeedPartItem(row=two, products=()))
        store.add_unseen_previous_urls()
        store.finish()
        store.close()
    assert [found.reason for found in Snapshot(store.path).removed_products()] == gone
    assert len(list(Snapshot(store.path).products())) == 2 - len(gone)


def test_previous_crawl_is_the_latest_finished_one_of_the_same_shop(tmp_path: Path) -> None:
    for snapshot in (1, 3, 10):
        store = start_crawl(tmp_path, snapshot)
        store.finish() if snapshot != 3 else store.commit()
        store.close()
    (tmp_path / "shop-broken.sqlite").write_text("no state")

    def before(snapshot: int, shop: str = "shop", start: str = f"{BASE_URL}/") -> str:
        found = find_previous_state(tmp_path, tmp_path / f"shop-{snapshot}.sqlite", shop, start, snapshot)
        return found.name if found else ""

    assert (before(1), before(3), before(10), before(11)) == ("", "shop-1.sqlite", "shop-1.sqlite", "shop-10.sqlite")
    assert before(11, start="http://other.example/") == ""
    assert before(11, shop="sho") == ""


def _export_tables(folder: Path, snapshot: int) -> list[object]:
    found = Snapshot(folder / f"shop-{snapshot}.sqlite")
    return [(each, [found.photo_digest(photo.url) for photo in each.photos]) for each in found.products()]


@pytest.mark.parametrize(("parent_is_gone", "removed"), [(False, []), (True, ["shop/1"])])
def test_variant_that_is_gone_is_no_removed_product(parent_is_gone: bool, removed: list[str], tmp_path: Path) -> None:
    relations = Relations(variants=(PAGE_2,))
    first = start_crawl(tmp_path, 1)
    save_sitemap(first)
    for row, url in first.select_todo(PAGE, 9, ()):
        stated = relations if url == PAGE_1 else Relations()
        first.save(ProductItem(row=row, product=make_product(int(url[-1])), relations=stated))
    first.finish()
    first.close()
    second = start_crawl(tmp_path, 2)
    save_sitemap(second)
    for row, url in second.select_todo(PAGE, 9, ()):
        if url == PAGE_2 or parent_is_gone:
            second.save(FailedItem(row=row, reason="HTTP 404", attempts=1))
        else:
            second.save(ProductItem(row=row, product=make_product(1), relations=relations))
    second.set_meta(unseen="requested")
    second.finish()
    second.close()
    snapshot = Snapshot(tmp_path / "shop-2.sqlite")
    assert [product.product_id for product in snapshot.removed_products()] == removed
