"""A full disk stops the crawl with a one-line error; the next run resumes and loses nothing."""

import os
import random
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from crawl_process import crawl_demo, make_command, make_environment
from local_shop import JPEG, LocalShop, read_files, run_local_shop
from state_files import BASE_URL, make_product

from crawler.export.export import export
from crawler.items import PAGE, PHOTO, PhotoItem, ProductItem
from crawler.storage.blobs import BlobStore
from crawler.storage.snapshot import Snapshot
from crawler.storage.state_file import StateError
from crawler.storage.store import Store
from weft.contracts.product import PhotoLink
from weft.errors import ShopError

PRODUCTS = 12
SMALL_BYTES, LARGE_BYTES = 20_000, 300_000
"""Size in bytes of most photos, and of one that exceeds the file size limit."""


@pytest.mark.slow
def test_full_disk_gives_a_one_line_error_and_the_next_run_loses_nothing(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        _fill_shop(shop)
        crawl_demo(shop, tmp_path / "whole", tmp_path / "expected")
        limited = subprocess.run(
            make_command(tmp_path, shop),
            env=make_environment(), preexec_fn=_limit_file_size(LARGE_BYTES - 1), capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert limited.returncode == 2
        assert "cannot be written" in limited.stderr
        assert "free disk space and run again" in limited.stderr
        assert "Traceback" not in limited.stderr
        assert _are_all_photos_intact(tmp_path / "state")
        crawl_demo(shop, tmp_path / "state", tmp_path / "out")
    assert read_files(tmp_path / "out") == read_files(tmp_path / "expected")


def test_rows_are_not_committed_if_fsync_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.add_urls(PAGE, [f"{BASE_URL}/p/1"])
    ((page, _),) = store.select_todo(PAGE, 1, ())
    store.save(ProductItem(row=page, product=make_product(1, photos=(PhotoLink(url=f"{BASE_URL}/1.jpg"),))))
    store.commit()
    ((photo, _),) = store.select_todo(PHOTO, 1, ())
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", _raise_disk_full)
        store.save(PhotoItem(row=photo, body=b"bytes"))
        with pytest.raises(StateError, match=r"s\.sqlite: cannot be written .*No space left.*free disk space"):
            store.commit()
    store.close()
    store = Store(tmp_path / "s.sqlite")
    assert [row for row, _ in store.select_todo(PHOTO, 9, ())] == [photo]
    assert [file for file in (tmp_path / "photos").rglob("*") if file.is_file()] == []
    store.save(PhotoItem(row=photo, body=b"bytes"))
    store.close()
    snapshot = Snapshot(tmp_path / "s.sqlite")
    digest = snapshot.photo_digest(f"{BASE_URL}/1.jpg")
    assert digest is not None
    assert snapshot.photo_bytes(digest) == b"bytes"


def test_nothing_is_saved_after_a_failed_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page in flight may be of a row that was rolled back, and another URL would get the id of that row."""
    store = Store(tmp_path / "s.sqlite")
    store.add_urls(PAGE, [f"{BASE_URL}/p/1"])
    store.commit()
    store.add_urls(PAGE, [f"{BASE_URL}/p/2"])
    rows = [row for row, _ in store.select_todo(PAGE, 9, ())]
    store.save(ProductItem(row=min(rows), product=make_product(1, photos=(PhotoLink(url=f"{BASE_URL}/1.jpg"),))))
    ((photo, _),) = store.select_todo(PHOTO, 1, ())
    with monkeypatch.context() as broken:
        # Before the photo is saved, because a thread writes it at once.
        broken.setattr(os, "fsync", _raise_disk_full)
        store.save(PhotoItem(row=photo, body=b"bytes"))
        with pytest.raises(StateError):
            store.commit()
    with pytest.raises(StateError, match=r"s\.sqlite: cannot be written"):
        store.save(ProductItem(row=max(rows), product=make_product(2)))
    store.close()
    store = Store(tmp_path / "s.sqlite")
    assert [url for _, url in store.select_todo(PAGE, 9, ())] == [f"{BASE_URL}/p/1"]
    store.close()


def test_full_disk_during_export_raises_shop_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path / "s.sqlite").close()
    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", _raise_disk_full)
    with pytest.raises(ShopError, match=r"tables cannot be written .*the state files are kept"):
        export([Snapshot(tmp_path / "s.sqlite")], tmp_path / "out")


def _fill_shop(shop: LocalShop) -> None:
    shop.base_url = "http://demo.example"
    noise = random.Random(1)
    shop.add_sitemap([shop.add_product(n, photos=1) for n in range(PRODUCTS)])
    for n in range(PRODUCTS):
        shop.add_page(f"/media/{n}-0.jpg", JPEG + noise.randbytes(LARGE_BYTES if n == PRODUCTS // 2 else SMALL_BYTES))


def _limit_file_size(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _are_all_photos_intact(states: Path) -> bool:
    """Return whether the bytes of every photo file match its name."""
    contents = BlobStore(states)
    return all(contents.read(digest) is not None for digest in contents.digests())


def _raise_disk_full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")
