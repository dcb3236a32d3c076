"""A crawl killed at any moment goes on where it was and ends with the same bytes."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from local_shop import Shop, bytes_of, open_shop, settings

import crawler
from crawler.run import crawl_shops
from weft import params

PRODUCTS = 60


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("uninterrupted")
    with open_shop() as shop:
        _stock(shop)
        crawl_shops(_demo(), folder / "state", folder / "out", {"demo:jsonld": shop.real})
    return bytes_of(folder / "out")


@pytest.mark.parametrize("asked", [3, 40, 120, 195])
def test_kill_9_loses_nothing(asked: int, uninterrupted: dict[str, bytes], tmp_path: Path) -> None:
    with open_shop() as shop:
        _stock(shop)
        process = subprocess.Popen([sys.executable, "-c", _RUN, shop.real, str(tmp_path)], env=_environment())
        _wait_until(lambda: shop.asked.total() >= asked)
        spider = _child_of(process.pid)
        os.kill(spider, signal.SIGKILL)
        process.kill()
        process.wait()
        crawl_shops(_demo(), tmp_path / "state", tmp_path / "out", {"demo:jsonld": shop.real})
        again = sum(count > 1 for path, count in shop.asked.items() if path != "/robots.txt")
    assert bytes_of(tmp_path / "out") == uninterrupted
    assert again < PRODUCTS * 3


def test_many_kills_of_one_crawl_lose_nothing(uninterrupted: dict[str, bytes], tmp_path: Path) -> None:
    with open_shop() as shop:
        _stock(shop)
        for moment in sorted(random.Random(7).sample(range(1, 200), 4)):
            process = subprocess.Popen(
                [sys.executable, "-c", _RUN, shop.real, str(tmp_path)], env=_environment(), start_new_session=True
            )
            _wait_until(lambda at=moment, run=process: shop.asked.total() >= at or run.poll() is not None)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        crawl_shops(_demo(), tmp_path / "state", tmp_path / "out", {"demo:jsonld": shop.real})
        assert shop.asked["/secret"] == 0
    assert bytes_of(tmp_path / "out") == uninterrupted
    assert list((tmp_path / "state" / "photos").glob("incoming-*/*")) == []


def test_a_crawl_leaves_when_the_run_that_started_it_is_killed(uninterrupted: dict[str, bytes], tmp_path: Path) -> None:
    with open_shop() as shop:
        _stock(shop)
        process = subprocess.Popen([sys.executable, "-c", _RUN, shop.real, str(tmp_path)], env=_environment())
        _wait_until(lambda: shop.asked.total() >= 20)
        process.kill()
        process.wait()
        crawl_shops(_demo(), tmp_path / "state", tmp_path / "out", {"demo:jsonld": shop.real})
    assert bytes_of(tmp_path / "out") == uninterrupted


_RUN = """
import sys
from pathlib import Path
from local_shop import settings
from crawler.run import crawl_shops
from weft import params
folder = Path(sys.argv[2])
shop = params.Shop(name="demo", url="demo:jsonld")
crawl_shops(settings(shop), folder / "state", folder / "out", {"demo:jsonld": sys.argv[1]})
"""


def _stock(shop: Shop) -> None:
    shop.base = "http://demo.example"
    paths = [shop.product(n, busy=n % 7 == 0) for n in range(PRODUCTS)]
    shop.sitemap(paths[: PRODUCTS - 5])
    shop.page("/", '<h1>Welcome</h1><a href="/c/all">All</a><a href="/c/new">New</a>')
    for start in range(0, PRODUCTS, 5):
        links = "".join(f'<a href="{path}?pos={n}">{n}</a>' for n, path in enumerate(paths[start : start + 5]))
        page = f"?page={start // 5}" if start else ""
        shop.page(f"/c/all{page}", f'<h1>All</h1>{links}<a href="?page={start // 5 + 1}">next</a>')
    shop.page("/c/new", '<h1>New</h1><a href="/new/p/3">3</a><a href="/p/59">59</a>', busy=1)


def _demo() -> params.Crawl:
    return settings(params.Shop(name="demo", url="demo:jsonld"))


def _environment() -> dict[str, str]:
    paths = [str(Path(crawler.__file__).parent.parent), str(Path(__file__).parent)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _child_of(parent: int) -> int:
    return int(Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0])


def _wait_until(holds: Callable[[], bool]) -> None:
    patience = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < patience
        time.sleep(0.01)
