"""weft purge removes a value from the state files for good and lists the outputs that contain it."""

import sys
from pathlib import Path
from typing import Any

import pytest
from local_shop import make_crawl_settings
from state_files import BASE_URL, make_product, make_snapshot, save_item

from crawler.export.export import export
from crawler.items import PAGE, PHOTO, FeedPartItem, FeedProduct, PhotoItem, ProductItem
from crawler.run import crawl_shops
from crawler.storage import purge
from crawler.storage.blobs import BlobStore
from crawler.storage.snapshot import Snapshot
from crawler.storage.store import Store
from weft import cli, params, tables
from weft.contracts.product import PhotoLink
from weft.contracts.tables import PHOTOS, PREPARED_PHOTOS, PRODUCTS
from weft.errors import ShopError

SHARED, OWN, OTHER = f"{BASE_URL}/shared.jpg", f"{BASE_URL}/own.jpg", f"{BASE_URL}/other.jpg"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Create a project whose crawl has two products with one shared photo and one photo each."""
    one = make_product(1, photos=(PhotoLink(url=SHARED), PhotoLink(url=OWN)))
    two = make_product(2, photos=(PhotoLink(url=SHARED), PhotoLink(url=OTHER)))
    export([make_snapshot(tmp_path / "var" / "crawl" / "shop-1.sqlite", one, two)], tmp_path / "data" / "crawl")
    return tmp_path


def run_weft(root: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    places = ["--state", str(root / "var" / "crawl"), "--root", str(root)]
    monkeypatch.setattr(sys, "argv", ["weft", "purge", *arguments, *places])
    return cli.main()


def test_purge_of_a_product_removes_its_own_photos(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_weft(root, monkeypatch, "--product", "shop/1") == 0
    assert _list_remaining(root) == ({"shop/2"}, {SHARED, OTHER})
    assert len(list(BlobStore(root / "var" / "crawl").digests())) == 2


def test_purge_of_a_photo_keeps_its_product(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_weft(root, monkeypatch, "--url", SHARED)
    assert _list_remaining(root) == ({"shop/1", "shop/2"}, {OWN, OTHER})


def test_purge_of_a_page_removes_its_product(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_weft(root, monkeypatch, "--url", f"{BASE_URL}/p/2?utm_source=mail")
    assert _list_remaining(root) == ({"shop/1"}, {SHARED, OWN})


def test_purge_of_a_page_removes_urls_of_its_product(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(root / "var" / "crawl" / "shop-1.sqlite")
    store.add_urls(PAGE, [f"{BASE_URL}/women/p/2"], linked=True)
    assert store.skip_if_unchanged(*store.select_todo(PAGE, 9, ())[0])
    store.close()
    run_weft(root, monkeypatch, "--url", f"{BASE_URL}/p/2")
    assert _list_remaining(root) == ({"shop/1"}, {SHARED, OWN})


def test_purged_shop_is_removed_and_not_crawled_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_weft(root, monkeypatch, "--shop", "shop")
    assert list((root / "var" / "crawl").glob("*.sqlite*")) == []
    assert list(BlobStore(root / "var" / "crawl").digests()) == []
    store = Store(root / "var" / "crawl" / "shop-2.sqlite")
    with pytest.raises(ShopError, match="shop: was purged"):
        store.begin("shop", BASE_URL, 2)
    store.close()
    with pytest.raises(ShopError, match=r"shop: was purged .* remove it from params"):
        crawl_shops(make_crawl_settings(params.Shop(name="shop", url=BASE_URL)), root / "var" / "crawl", root / "again")


def test_purged_text_is_not_left_in_the_bytes_of_the_state_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_weft(root, monkeypatch, "--product", "shop/1")
    state = (root / "var" / "crawl" / "shop-1.sqlite").read_bytes()
    assert b"Shirt 1" not in state
    assert b"Shirt 2" in state


def test_dry_run_prints_the_same_and_removes_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_weft(root, monkeypatch, "--product", "shop/1", "--dry-run")
    would = capsys.readouterr().out
    assert _list_remaining(root) == ({"shop/1", "shop/2"}, {SHARED, OWN, OTHER})
    assert not (root / "var" / "crawl" / purge.PURGE_LIST_FILE).exists()
    run_weft(root, monkeypatch, "--product", "shop/1")
    assert would.replace("would remove", "removed").replace("would add", "added") == capsys.readouterr().out


def test_next_crawl_does_not_restore_what_was_purged(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_weft(root, monkeypatch, "--product", "shop/1")
    run_weft(root, monkeypatch, "--url", OTHER)
    store = Store(root / "var" / "crawl" / "shop-2.sqlite")
    store.add_urls(PAGE, [f"{BASE_URL}/p/1", f"{BASE_URL}/p/2", f"{BASE_URL}/women/p/1"])
    assert sorted(url for _, url in store.select_todo(PAGE, 9, ())) == [f"{BASE_URL}/p/2", f"{BASE_URL}/women/p/1"]
    for row, url in store.select_todo(PAGE, 9, ()):
        number = int(url[-1])
        photos = (PhotoLink(url=OTHER), PhotoLink(url=f"{BASE_URL}/moved.jpg"))
        store.save(ProductItem(row=row, product=make_product(number, photos=photos)))
    assert [url for _, url in store.select_todo(PHOTO, 9, ())] == [f"{BASE_URL}/moved.jpg"]
    save_item(store, PHOTO, PhotoItem, body=OTHER.encode())
    store.add_urls("feed", [f"{BASE_URL}/feed"])
    save_item(store, "feed", FeedPartItem, products=(FeedProduct(0, make_product(1)),))
    store.close()
    snapshot = Snapshot(root / "var" / "crawl" / "shop-2.sqlite")
    assert [found.product_id for found in snapshot.products()] == ["shop/2"]
    assert snapshot.photo_digest(f"{BASE_URL}/moved.jpg") is None


def test_outputs_that_contain_the_value_are_listed(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared: dict[str, Any] = {"photo_id": "shop/1#1", "product_id": "shop/1", "position": 1, "jpeg": b"x"}
    tables.write_shards(root / "data" / "prepared" / "train", [prepared], PREPARED_PHOTOS)
    (root / "models" / "head").mkdir(parents=True)
    (root / "var" / "finetune").mkdir()
    (root / "reports").mkdir()
    (root / "reports" / "page.html").write_text("<p>shop/1</p>")
    run_weft(root, monkeypatch, "--product", "shop/1")
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(": holds it: ")[::2] for line in lines if "holds it: " in line] == [
        ("data/crawl/photos", "2 rows"),
        ("data/crawl/products.parquet", "1 rows"),
        ("data/prepared/train", "1 rows"),
        ("models/head", "it was trained on it"),
        ("reports/page.html", "its text"),
        ("var/finetune", "it copies the training photos"),
    ]


def test_photo_is_found_in_later_stages_by_its_position(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: list[dict[str, Any]] = [
        {"photo_id": f"shop/1#{position}", "product_id": "shop/1", "position": position, "jpeg": b"x"}
        for position in (0, 1)
    ]
    tables.write_shards(root / "data" / "prepared" / "val", rows, PREPARED_PHOTOS)
    run_weft(root, monkeypatch, "--url", OWN)
    assert "data/prepared/val: holds it: 1 rows" in capsys.readouterr().out


def test_unknown_value_is_added_to_the_purge_list(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_weft(root, monkeypatch, "--product", "shop/9") == 0
    output = capsys.readouterr().out
    assert "it holds nothing of product shop/9" in output
    assert "no output of a later stage" in output
    assert purge.load_purge_list(root / "var" / "crawl").products == {"shop/9"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--product", "1"), "expected a product_id"),
        (("--shop", "x", "--state", "nowhere"), "expected a folder with crawl states"),
    ],
)
def test_invalid_arguments_are_rejected(
    arguments: tuple[str, ...],
    message: str,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["weft", "purge", "--state", str(root / "var" / "crawl"), *arguments])
    assert cli.main() == 2
    assert message in capsys.readouterr().err


def test_state_file_in_use_is_not_purged(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.storage.purge.PURGE_LOCK_TIMEOUT_SECONDS", 0.0)
    store = Store(root / "var" / "crawl" / "shop-1.sqlite")
    assert run_weft(root, monkeypatch, "--product", "shop/1") == 2
    store.close()
    assert _list_remaining(root)[0] == {"shop/1", "shop/2"}


def test_damaged_purge_list_stops_a_crawl(tmp_path: Path) -> None:
    (tmp_path / purge.PURGE_LIST_FILE).write_text('{"kind": "product", "value": "a/1"}\n{"kind": "prod')
    with pytest.raises(ShopError, match=r"purged\.jsonl, line 2: expected"):
        Store(tmp_path / "s.sqlite")


def _list_remaining(root: Path) -> tuple[set[str], set[str]]:
    """Return the product ids and photo URLs of a new export."""
    export([Snapshot(root / "var" / "crawl" / "shop-1.sqlite")], root / "again")
    products = tables.read_table(root / "again" / "products.parquet", PRODUCTS)["product_id"].to_pylist()
    photos = [
        url for table in tables.read_shards(root / "again" / "photos", PHOTOS) for url in table["url"].to_pylist()
    ]
    return set(products), set(photos)
