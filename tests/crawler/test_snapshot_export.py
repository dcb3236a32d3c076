from pathlib import Path

import pytest
from read_outs import read_photos
from state_files import BASE_URL, make_product, make_snapshot, save_item

from crawler.discover.links import Link
from crawler.export.export import export
from crawler.items import PAGE, PHOTO, SITEMAP, FailedItem, ListingItem, ProductItem, SitemapItem
from crawler.storage.product_json import merge_observations, product_from_json, product_to_json, sort_observations
from crawler.storage.snapshot import Snapshot
from crawler.storage.store import Store
from weft import tables
from weft.contracts.product import Attribute, PhotoLink
from weft.contracts.tables import FAILURES, PRODUCTS
from weft.errors import ShopError


def test_product_json_round_trip() -> None:
    whole = make_product(
        1, categories=("A > B",), attributes=(Attribute(name="n", value="v"),), photos=(PhotoLink(url="u", colour="c"),)
    )
    assert product_from_json(product_to_json(whole)) == whole


def test_merge_observations_is_independent_of_order() -> None:
    one = make_product(1, categories=("Men",), photos=(PhotoLink(url="a"), PhotoLink(url="b")))
    two = make_product(1, categories=("Sale",), colour="Blue", photos=(PhotoLink(url="b", colour="Blue"),))
    sightings = [(f"{BASE_URL}/p/1", one), (f"{BASE_URL}/sale/1", two)]
    joined = merge_observations(sort_observations(sightings), ["New"])
    assert joined == merge_observations(sort_observations(sightings[::-1]), ["New"])
    assert (joined.categories, joined.colour) == (("Men", "New", "Sale"), "Blue")
    assert joined.photos == (PhotoLink(url="a"), PhotoLink(url="b", colour="Blue"))


def test_order_of_the_crawl_does_not_change_the_tables(tmp_path: Path) -> None:
    products = [make_product(n, photos=(PhotoLink(url=f"{BASE_URL}/{n}.jpg"),)) for n in range(12)]
    outs = []
    for name, order in (("a", products), ("b", products[::-1])):
        export([make_snapshot(tmp_path / f"{name}.sqlite", *order)], tmp_path / name)
        outs.append({f.name: f.read_bytes() for f in (tmp_path / name).rglob("*") if f.is_file()})
    assert outs[0] == outs[1]


def test_tables_are_sorted_by_shop(tmp_path: Path) -> None:
    names = ["a", "a-b", "a0"]
    snapshots = [
        make_snapshot(tmp_path / f"{name}.sqlite", make_product(1, product_id=f"{name}/1", shop=name), shop=name)
        for name in names
    ]
    export(snapshots, tmp_path / "out")
    found = tables.read_table(tmp_path / "out" / "products.parquet", PRODUCTS)["product_id"].to_pylist()
    assert found == sorted(f"{name}/1" for name in names)


def test_the_language_of_a_shop_in_params_replaces_that_of_its_pages(tmp_path: Path) -> None:
    snapshots = [
        make_snapshot(
            tmp_path / f"{name}.sqlite", make_product(1, product_id=f"{name}/1", shop=name, language="en"), shop=name
        )
        for name in ("a", "b")
    ]
    export(snapshots, tmp_path / "out", languages={"b": "ko"})
    assert tables.read_table(tmp_path / "out" / "products.parquet", PRODUCTS)["language"].to_pylist() == ["en", "ko"]


def test_export_rejects_two_crawls_of_the_same_shop(tmp_path: Path) -> None:
    one, two = (make_snapshot(tmp_path / f"{n}.sqlite", make_product(1)) for n in (1, 2))
    with pytest.raises(ShopError, match="two crawls of the same shop"):
        export([one, two], tmp_path / "out")


def test_shared_photo_is_stored_once_and_exported_twice(tmp_path: Path) -> None:
    link = (PhotoLink(url=f"{BASE_URL}/same.jpg"),)
    export(
        [make_snapshot(tmp_path / "s.sqlite", make_product(1, photos=link), make_product(2, photos=link))],
        tmp_path / "out",
    )
    assert [row["product_id"] for row in read_photos(tmp_path / "out")] == ["shop/1", "shop/2"]


def test_failures_are_sorted_and_exclude_optional_urls(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.add_urls(SITEMAP, [f"{BASE_URL}/sitemap.xml"], optional=True)
    save_item(store, SITEMAP, FailedItem, reason="HTTP 404", attempts=1)
    store.add_urls(PAGE, [f"{BASE_URL}/b", f"{BASE_URL}/a"])
    save_item(store, PAGE, FailedItem, reason="timeout", attempts=5)
    save_item(store, PAGE, FailedItem, reason="HTTP 404", attempts=1)
    store.close()
    snapshot = Snapshot(tmp_path / "s.sqlite")
    export([snapshot], tmp_path / "out")
    failed = tables.read_table(tmp_path / "out" / "failures.parquet", FAILURES).to_pylist()
    assert [row["url"] for row in failed] == [f"{BASE_URL}/a", f"{BASE_URL}/b"]


def test_categories_follow_the_paths_of_listings(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.set_meta(start=f"{BASE_URL}/")
    pages = {
        f"{BASE_URL}/": ("Welcome", [f"{BASE_URL}/c/men", f"{BASE_URL}/p/1"]),
        f"{BASE_URL}/c/men": ("Men", [f"{BASE_URL}/c/men/shirts"]),
        f"{BASE_URL}/c/men/shirts": ("Shirts", [f"{BASE_URL}/p/1"]),
        f"{BASE_URL}/c/men/shirts?p=2": ("Shirts", [f"{BASE_URL}/p/1"]),
    }
    for url, (label, targets) in pages.items():
        store.add_urls(PAGE, [url])
        row = next(row for row, known in store.select_todo(PAGE, 9, ()) if known == url)
        links = tuple(Link(target, in_main_content=True) for target in targets)
        store.save(ListingItem(row=row, url=url, breadcrumb="", page_title=label, links=links))
    save_item(store, PAGE, ProductItem, product=make_product(1))
    store.close()
    (found,) = Snapshot(tmp_path / "s.sqlite").products()
    assert found.categories == ("Men > Shirts",)


def test_known_urls_are_not_added_twice(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.add_urls(SITEMAP, [f"{BASE_URL}/s.xml"])
    pages = (f"{BASE_URL}/p/1", f"{BASE_URL}/p/2", f"{BASE_URL}/p/1")
    save_item(store, SITEMAP, SitemapItem, sitemaps=(f"{BASE_URL}/s.xml",), pages=pages)
    assert len(store.select_todo(PAGE, 9, ())) == 2
    assert not store.has_todo(SITEMAP)
    store.close()


def test_links_wait_for_the_pages_of_sitemaps(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    linked, named = ({f"{BASE_URL}/{kind}/{n}" for n in range(9)} for kind in ("linked", "named"))
    store.add_urls(PAGE, linked, linked=True)
    store.add_urls(PAGE, named)
    under_way = [row for row, _ in store.select_todo(PAGE, 99, ())]
    assert {url for _, url in store.select_todo(PAGE, 99, ())} == named
    assert store.select_todo(PAGE, 99, under_way) == []
    for row in under_way:
        store.save(FailedItem(row=row, reason="HTTP 404", attempts=1))
    assert {url for _, url in store.select_todo(PAGE, 99, ())} == linked
    store.close()


@pytest.mark.parametrize(("path", "known"), [("/women/p/1", True), ("/women/p/12", False), ("/p/1/reviews", False)])
def test_url_that_ends_with_a_product_path_is_that_product(path: str, known: bool, tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.add_urls(PAGE, [f"{BASE_URL}/p/1"])
    save_item(store, PAGE, ProductItem, product=make_product(1))
    store.add_urls(PAGE, [f"{BASE_URL}{path}"], linked=True)
    ((row, url),) = store.select_todo(PAGE, 9, ())
    assert store.skip_if_unchanged(row, url) is known
    assert len(store.select_todo(PAGE, 9, ())) == (not known)
    store.close()


def test_page_of_the_sitemap_is_always_requested(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.add_urls(PAGE, [f"{BASE_URL}/p/1"])
    save_item(store, PAGE, ProductItem, product=make_product(1))
    store.add_urls(PAGE, [f"{BASE_URL}/women/p/1"])
    assert not store.skip_if_unchanged(*store.select_todo(PAGE, 9, ())[0])
    store.close()


def test_uncommitted_items_are_requested_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.add_urls(PAGE, [f"{BASE_URL}/p/1"])
    store.commit()
    save_item(store, PAGE, ProductItem, product=make_product(1))
    store._db.execute("ROLLBACK")
    assert len(store.select_todo(PAGE, 9, ())) == 1
    assert not store.has_todo(PHOTO)
    store.close()


def test_file_that_is_not_a_state_file_raises_shop_error(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(ShopError, match=r"s\.sqlite: not a usable state file"):
        Store(path)
    with pytest.raises(ShopError, match="crawl the shop first"):
        Snapshot(tmp_path / "missing.sqlite")


def test_photos_have_the_colour_of_their_page() -> None:
    red = make_product(1, colour="Red", photos=(PhotoLink(url="r"),))
    blue = make_product(1, colour="Blue", url=f"{BASE_URL}/p/1-blue", photos=(PhotoLink(url="b"),))
    joined = merge_observations([(red.url, red), (blue.url, blue)], [])
    assert joined.colour is None
    assert joined.photos == (PhotoLink(url="r", colour="Red"), PhotoLink(url="b", colour="Blue"))
