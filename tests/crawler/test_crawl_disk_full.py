"""A disk that takes no more ends the crawl with one clear line; the next run goes on and loses nothing."""

import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from local_shop import JPEG, Shop, bytes_of, open_shop, settings
from made_crawl import BASE, product

import crawler
from crawler.contents import Contents
from crawler.export import export
from crawler.outcomes import PAGE, PHOTO, PhotoRead, ProductRead
from crawler.run import crawl_shops
from crawler.snapshot import Snapshot
from crawler.store import StateError, Store
from weft import params
from weft.contracts.product import PhotoLink
from weft.errors import ShopError

PRODUCTS = 12
SMALL, LARGE = 20_000, 300_000
"""Bytes: of most photos, and of one that does not fit."""


def test_a_full_disk_is_told_in_one_line_and_the_next_run_loses_nothing(tmp_path: Path) -> None:
    with open_shop() as shop:
        _stock(shop)
        crawl_shops(_demo(), tmp_path / "whole", tmp_path / "expected", {"demo:jsonld": shop.real})
        limited = subprocess.run(
            [sys.executable, "-c", _RUN, shop.real, str(tmp_path)],
            env=_environment(), preexec_fn=_no_file_above(LARGE - 1), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert limited.returncode == 2
        assert "cannot be written" in limited.stderr
        assert "make room and run again" in limited.stderr
        assert "Traceback" not in limited.stderr
        assert _all_whole(tmp_path / "state")
        crawl_shops(_demo(), tmp_path / "state", tmp_path / "out", {"demo:jsonld": shop.real})
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "expected")


def test_what_cannot_be_fsynced_is_not_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "s.sqlite")
    store.plant(PAGE, [f"{BASE}/p/1"])
    ((page, _),) = store.todo(PAGE, 1, ())
    store.keep(ProductRead(row=page, product=product(1, photos=(PhotoLink(url=f"{BASE}/1.jpg"),))))
    store.commit()
    ((photo, _),) = store.todo(PHOTO, 1, ())
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", _full)
        store.keep(PhotoRead(row=photo, body=b"bytes"))
        with pytest.raises(StateError, match=r"s\.sqlite: cannot be written .*No space left.*make room"):
            store.commit()
    assert [row for row, _ in store.todo(PHOTO, 9, ())] == [photo]
    assert [file for file in (tmp_path / "photos").rglob("*") if file.is_file()] == []
    store.keep(PhotoRead(row=photo, body=b"bytes"))
    store.close()
    snapshot = Snapshot(tmp_path / "s.sqlite")
    digest = snapshot.photo_digest(f"{BASE}/1.jpg")
    assert digest is not None
    assert snapshot.photo_bytes(digest) == b"bytes"


def test_tables_that_do_not_fit_are_an_error_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path / "s.sqlite").close()
    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", _full)
    with pytest.raises(ShopError, match=r"tables cannot be written .*the crawl is kept"):
        export([Snapshot(tmp_path / "s.sqlite")], tmp_path / "out")


_RUN = """
import sys
from pathlib import Path
from local_shop import settings
from crawler.run import crawl_shops
from weft import errors, params
folder = Path(sys.argv[2])
crawl = settings(params.Shop(name="demo", url="demo:jsonld"))
sys.exit(errors.answer(lambda: crawl_shops(crawl, folder / "state", folder / "out", {"demo:jsonld": sys.argv[1]})))
"""


def _stock(shop: Shop) -> None:
    shop.base = "http://demo.example"
    noise = random.Random(1)
    shop.sitemap([shop.product(n, photos=1) for n in range(PRODUCTS)])
    for n in range(PRODUCTS):
        shop.page(f"/media/{n}-0.jpg", JPEG + noise.randbytes(LARGE if n == PRODUCTS // 2 else SMALL))


def _demo() -> params.Crawl:
    return settings(params.Shop(name="demo", url="demo:jsonld"))


def _environment() -> dict[str, str]:
    paths = [str(Path(crawler.__file__).parent.parent), str(Path(__file__).parent)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _no_file_above(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _all_whole(states: Path) -> bool:
    """Whether every photo that bears its name is the photo of that name."""
    contents = Contents(states)
    return all(contents.read(digest) is not None for digest in contents.digests())


def _full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")
