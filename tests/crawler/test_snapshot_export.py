from pathlib import Path
from typing import Any

import pytest
from made_crawl import BASE, crawled, product, settle

from crawler.discover.links import Link
from crawler.export import export
from crawler.outcomes import PAGE, PHOTO, SITEMAP, Failed, ListingRead, ProductRead, SitemapRead
from crawler.products import from_json, join, to_json
from crawler.snapshot import Snapshot
from crawler.store import Store
from weft import tables
from weft.contracts.product import Attribute, PhotoLink
from weft.contracts.tables import FAILURES, PHOTOS, PRODUCTS
from weft.errors import ShopError


def rows(out: Path) -> list[dict[str, Any]]:
    return [row for table in tables.read_shards(out / "photos", PHOTOS) for row in table.to_pylist()]


def test_a_product_survives_json() -> None:
    whole = product(
        1, categories=("A > B",), attributes=(Attribute(name="n", value="v"),), photos=(PhotoLink(url="u", colour="c"),)
    )
    assert from_json(to_json(whole)) == whole


def test_sightings_join_whatever_their_order() -> None:
    one = product(1, categories=("Men",), photos=(PhotoLink(url="a"), PhotoLink(url="b")))
    two = product(1, categories=("Sale",), colour="Blue", photos=(PhotoLink(url="b", colour="Blue"),))
    sightings = [(f"{BASE}/p/1", one), (f"{BASE}/sale/1", two)]
    joined = join(sightings, ["New"])
    assert joined == join(sightings[::-1], ["New"])
    assert (joined.categories, joined.colour) == (("Men", "New", "Sale"), "Blue")
    assert joined.photos == (PhotoLink(url="a"), PhotoLink(url="b", colour="Blue"))


def test_the_order_of_a_crawl_changes_no_byte(tmp_path: Path) -> None:
    products = [product(n, photos=(PhotoLink(url=f"{BASE}/{n}.jpg"),)) for n in range(12)]
    outs = []
    for name, order in (("a", products), ("b", products[::-1])):
        export([crawled(tmp_path / f"{name}.sqlite", *order)], tmp_path / name)
        outs.append({f.name: f.read_bytes() for f in (tmp_path / name).rglob("*") if f.is_file()})
    assert outs[0] == outs[1]


def test_shops_are_sorted_so_that_tables_are(tmp_path: Path) -> None:
    names = ["a", "a-b", "a0"]
    snapshots = [
        crawled(tmp_path / f"{name}.sqlite", product(1, product_id=f"{name}/1", shop=name), shop=name) for name in names
    ]
    export(snapshots, tmp_path / "out")
    found = tables.read(tmp_path / "out" / "products.parquet", PRODUCTS)["product_id"].to_pylist()
    assert found == sorted(f"{name}/1" for name in names)


def test_two_crawls_of_one_shop_are_refused(tmp_path: Path) -> None:
    one, two = (crawled(tmp_path / f"{n}.sqlite", product(1)) for n in (1, 2))
    with pytest.raises(ShopError, match="two crawls of one shop"):
        export([one, two], tmp_path / "out")


def test_one_photo_of_two_products_is_kept_once_and_exported_twice(tmp_path: Path) -> None:
    link = (PhotoLink(url=f"{BASE}/same.jpg"),)
    export([crawled(tmp_path / "s.sqlite", product(1, photos=link), product(2, photos=link))], tmp_path / "out")
    assert [row["product_id"] for row in rows(tmp_path / "out")] == ["shop/1", "shop/2"]


def test_failures_are_sorted_and_a_guess_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.plant(SITEMAP, [f"{BASE}/sitemap.xml"], guess=True)
    settle(store, SITEMAP, Failed, reason="HTTP 404", tries=1)
    store.plant(PAGE, [f"{BASE}/b", f"{BASE}/a"])
    settle(store, PAGE, Failed, reason="timeout", tries=5)
    settle(store, PAGE, Failed, reason="HTTP 404", tries=1)
    store.close()
    snapshot = Snapshot(tmp_path / "s.sqlite")
    export([snapshot], tmp_path / "out")
    failed = tables.read(tmp_path / "out" / "failures.parquet", FAILURES).to_pylist()
    assert [row["url"] for row in failed] == [f"{BASE}/a", f"{BASE}/b"]


def test_categories_follow_the_paths_of_listings(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.note(start=f"{BASE}/")
    pages = {
        f"{BASE}/": ("Welcome", [f"{BASE}/c/men", f"{BASE}/p/1"]),
        f"{BASE}/c/men": ("Men", [f"{BASE}/c/men/shirts"]),
        f"{BASE}/c/men/shirts": ("Shirts", [f"{BASE}/p/1"]),
        f"{BASE}/c/men/shirts?p=2": ("Shirts", [f"{BASE}/p/1"]),
    }
    for url, (label, targets) in pages.items():
        store.plant(PAGE, [url])
        row = next(row for row, known in store.todo(PAGE, 9, ()) if known == url)
        links = tuple(Link(target, is_own=True) for target in targets)
        store.keep(ListingRead(row=row, url=url, trail="", label=label, links=links))
    settle(store, PAGE, ProductRead, product=product(1))
    store.close()
    (found,) = Snapshot(tmp_path / "s.sqlite").products()
    assert found.categories == ("Men > Shirts",)


def test_what_is_known_is_not_planted_twice(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.plant(SITEMAP, [f"{BASE}/s.xml"])
    pages = (f"{BASE}/p/1", f"{BASE}/p/2", f"{BASE}/p/1")
    settle(store, SITEMAP, SitemapRead, sitemaps=(f"{BASE}/s.xml",), pages=pages)
    assert len(store.todo(PAGE, 9, ())) == 2
    assert not store.is_waiting(SITEMAP)
    store.close()


def test_links_wait_for_the_sitemaps_whatever_their_rank(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    linked, named = ({f"{BASE}/{kind}/{n}" for n in range(9)} for kind in ("linked", "named"))
    store.plant(PAGE, linked, linked=True)
    store.plant(PAGE, named)
    under_way = [row for row, _ in store.todo(PAGE, 99, ())]
    assert {url for _, url in store.todo(PAGE, 99, ())} == named
    assert store.todo(PAGE, 99, under_way) == []
    for row in under_way:
        store.keep(Failed(row=row, reason="HTTP 404", tries=1))
    assert {url for _, url in store.todo(PAGE, 99, ())} == linked
    store.close()


@pytest.mark.parametrize(("path", "known"), [("/women/p/1", True), ("/women/p/12", False), ("/p/1/reviews", False)])
def test_an_address_that_ends_with_a_product_s_own_is_that_product(path: str, known: bool, tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.plant(PAGE, [f"{BASE}/p/1"])
    settle(store, PAGE, ProductRead, product=product(1))
    store.plant(PAGE, [f"{BASE}{path}"], linked=True)
    ((row, url),) = store.todo(PAGE, 9, ())
    assert store.recognise(row, url) is known
    assert len(store.todo(PAGE, 9, ())) == (not known)
    store.close()


def test_a_page_of_the_sitemap_is_asked_whatever_its_address(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.plant(PAGE, [f"{BASE}/p/1"])
    settle(store, PAGE, ProductRead, product=product(1))
    store.plant(PAGE, [f"{BASE}/women/p/1"])
    assert not store.recognise(*store.todo(PAGE, 9, ())[0])
    store.close()


def test_what_was_kept_but_not_committed_is_asked_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.plant(PAGE, [f"{BASE}/p/1"])
    store.commit()
    settle(store, PAGE, ProductRead, product=product(1))
    store._db.execute("ROLLBACK")
    assert len(store.todo(PAGE, 9, ())) == 1
    assert not store.is_waiting(PHOTO)
    store.close()


def test_a_file_that_is_no_state_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(ShopError, match=r"s\.sqlite: not a crawl state"):
        Store(path)
    with pytest.raises(ShopError, match="crawl the shop first"):
        Snapshot(tmp_path / "missing.sqlite")


def test_pages_of_several_colours_give_each_photo_the_colour_of_its_page() -> None:
    red = product(1, colour="Red", photos=(PhotoLink(url="r"),))
    blue = product(1, colour="Blue", url=f"{BASE}/p/1-blue", photos=(PhotoLink(url="b"),))
    joined = join([(red.url, red), (blue.url, blue)], [])
    assert joined.colour is None
    assert joined.photos == (PhotoLink(url="r", colour="Red"), PhotoLink(url="b", colour="Blue"))
