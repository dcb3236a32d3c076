"""A crawl that is killed at any moment resumes and gives the same bytes."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from crawl_process import crawl_demo, start_crawl
from local_shop import LocalShop, read_files, run_local_shop

pytestmark = pytest.mark.slow

PRODUCTS = 40


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("uninterrupted")
    with run_local_shop() as shop:
        _fill_shop(shop)
        crawl_demo(shop, folder / "state", folder / "out")
    return read_files(folder / "out")


@pytest.mark.parametrize("num_requests", [3, 80])
def test_killed_crawl_loses_nothing(num_requests: int, uninterrupted: dict[str, bytes], tmp_path: Path) -> None:
    with run_local_shop() as shop:
        _fill_shop(shop)
        process = start_crawl(tmp_path, shop)
        _wait_until(lambda: shop.request_counts.total() >= num_requests)
        spider = _find_child_pid(process.pid)
        os.kill(spider, signal.SIGKILL)
        process.kill()
        process.wait()
        crawl_demo(shop, tmp_path / "state", tmp_path / "out")
        num_repeated = sum(count > 1 for path, count in shop.request_counts.items() if path != "/robots.txt")
    assert read_files(tmp_path / "out") == uninterrupted
    assert num_repeated < PRODUCTS * 3


def test_crawl_killed_several_times_loses_nothing(uninterrupted: dict[str, bytes], tmp_path: Path) -> None:
    with run_local_shop() as shop:
        _fill_shop(shop)
        for moment in sorted(random.Random(7).sample(range(1, 130), 3)):
            process = start_crawl(tmp_path, shop)
            _wait_until(lambda at=moment, run=process: shop.request_counts.total() >= at or run.poll() is not None)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        crawl_demo(shop, tmp_path / "state", tmp_path / "out")
        assert shop.request_counts["/secret"] == 0
    assert read_files(tmp_path / "out") == uninterrupted
    assert list((tmp_path / "state" / "photos").glob("incoming-*/*")) == []


def test_spider_stops_when_its_parent_is_killed(uninterrupted: dict[str, bytes], tmp_path: Path) -> None:
    with run_local_shop() as shop:
        _fill_shop(shop)
        process = start_crawl(tmp_path, shop)
        _wait_until(lambda: shop.request_counts.total() >= 20)
        process.kill()
        process.wait()
        crawl_demo(shop, tmp_path / "state", tmp_path / "out")
    assert read_files(tmp_path / "out") == uninterrupted


def _fill_shop(shop: LocalShop) -> None:
    shop.base_url = "http://demo.example"
    paths = [shop.add_product(n, busy=n % 7 == 0) for n in range(PRODUCTS)]
    shop.add_sitemap(paths[: PRODUCTS - 5])
    shop.add_page("/", '<h1>Welcome</h1><a href="/c/all">All</a><a href="/c/new">New</a>')
    for start in range(0, PRODUCTS, 5):
        links = "".join(f'<a href="{path}?pos={n}">{n}</a>' for n, path in enumerate(paths[start : start + 5]))
        page = f"?page={start // 5}" if start else ""
        shop.add_page(f"/c/all{page}", f'<h1>All</h1>{links}<a href="?page={start // 5 + 1}">next</a>')
    shop.add_page("/c/new", '<h1>New</h1><a href="/new/p/3">3</a><a href="/p/39">39</a>', busy=1)


def _find_child_pid(parent: int) -> int:
    return int(Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0])


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
