"""The server over real sockets on loopback, in this process and in a child."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from weft.demo.catalogue import generate_product
from weft.demo.photos import render_photo
from weft.demo.server import ShopServer, run_demo_shops
from weft.demo.shops import SHOPS_BY_MARKUP
from weft.demo.site import Site
from weft.errors import ShopError


@pytest.fixture
def shop() -> Iterator[ShopServer]:
    server = ShopServer(Site(SHOPS_BY_MARKUP["jsonld"], 6, 1))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(url: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    try:
        with urlopen(Request(url, headers=headers)) as reply:
            return reply.status, reply.read(), dict(reply.headers)
    except HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


def test_an_unchanged_photo_is_not_sent_twice(shop: ShopServer) -> None:
    url = f"{shop.url}media/AL10000-1.jpg"
    status, body, headers = fetch(url)
    assert (status, body) == (200, render_photo(generate_product(1, 0), "front"))
    status, body, _ = fetch(url, **{"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")


def test_an_unknown_path_is_404(shop: ShopServer) -> None:
    assert fetch(f"{shop.url}no/such/page")[0] == 404


def test_head_answers_without_a_body(shop: ShopServer) -> None:
    with urlopen(Request(shop.url, method="HEAD")) as reply:
        assert int(reply.headers["Content-Length"]) > 0
        assert reply.read() == b""


def test_the_server_counts_its_responses(shop: ShopServer) -> None:
    for path in ("", "robots.txt", "basket?from=header", "c/women", "nothing"):
        fetch(shop.url + path)
    counts = json.loads(fetch(f"{shop.url}__stats__")[1])
    assert counts == {"disallowed": 1, "home": 1, "listing": 1, "missing": 1, "robots": 1}


def test_a_port_in_use_is_an_error(shop: ShopServer) -> None:
    with pytest.raises(ShopError, match="--port 0"):
        ShopServer(Site(SHOPS_BY_MARKUP["jsonld"], 6, 1), shop.server_address[1])


def test_each_markup_is_served_until_the_context_ends() -> None:
    with run_demo_shops(["opengraph", "jsonld"], 6, 1) as urls:
        assert list(urls) == ["opengraph", "jsonld"]
        assert b"Corso" in fetch(urls["opengraph"])[1]
        assert b"Alder" in fetch(urls["jsonld"])[1]
    with pytest.raises(OSError, match="refused"):
        urlopen(urls["jsonld"])


def test_the_server_ends_if_the_context_raises() -> None:
    with pytest.raises(ZeroDivisionError), run_demo_shops(["jsonld"], 6, 1) as urls:
        raise ZeroDivisionError
    with pytest.raises(OSError, match="refused"):
        urlopen(urls["jsonld"])


def test_an_unknown_markup_is_named_in_the_error() -> None:
    with (
        pytest.raises(ShopError, match="demo:rdfa: no such demo shop, expected one of jsonld"),
        run_demo_shops(["rdfa"], 6, 1),
    ):
        pass


def test_the_command_prints_urls_writes_the_ground_truth_and_exits_on_eof(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "weft.demo", "--products", "6", "--ground-truth", str(tmp_path / "truth.jsonl")]
    with subprocess.Popen(
        [*command, "--exit-on-eof"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        names = [child.stdout.readline().split()[0] for _ in range(3)]
        child.stdin.close()
        assert child.wait(20) == 0
    assert names == ["alder", "brunel", "corso"]
    assert len((tmp_path / "truth.jsonl").read_text(encoding="utf-8").splitlines()) == 6
