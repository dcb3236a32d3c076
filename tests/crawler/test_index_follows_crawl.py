"""Two crawls of a shop, with products added, changed, removed and purged in between: the index follows them."""

import json
import sys
from pathlib import Path

import pytest
from state_files import BASE_URL, make_product, make_snapshot

from crawler.export.export import export
from weft import cli
from weft.contracts.product import PhotoLink, Product

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(PARAMS.read_text().replace("min_side: 48", "min_side: 16"))
    return tmp_path


@pytest.fixture
def weft(monkeypatch, capsys):
    """Runs a command as its users do; returns the lines of standard output."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["weft", *map(str, arguments)])
        assert cli.main() == 0, capsys.readouterr().err
        return capsys.readouterr().out.splitlines()

    return run


def read_all_files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def make_shown(number: int, *photos: str, **fields: object) -> Product:
    return make_product(number, photos=tuple(PhotoLink(url=f"{BASE_URL}/{name}.jpg") for name in photos), **fields)


def test_the_index_follows_two_crawls_of_a_shop(project, weft, saved_model, make_jpeg) -> None:
    names = ["kept", "old", "new", "gone", "secret", "added", "shared"]
    colours = ["red", "green", "blue", "black"]
    bodies = {f"{BASE_URL}/{name}.jpg": make_jpeg(colours[n % 4], seed=n) for n, name in enumerate(names)}
    state = project / "var" / "crawl"

    def crawl(number: int, *products: Product) -> None:
        export([make_snapshot(state / f"shop-{number}.sqlite", *products, bodies=bodies)], project / "data" / "crawl")

    def search() -> dict[str, list[str]]:
        lines = weft("search", "red", "--model", saved_model, "--top-k", 99)
        return {line["title"]: sorted(line["photos"]) for line in map(json.loads, lines)}

    secret = make_shown(4, "secret", "shared")
    crawl(1, make_shown(1, "kept"), make_shown(2, "old", "shared"), make_shown(3, "gone"), secret)
    weft("index", "build", "--model", saved_model)
    assert set(search()) == {"Shirt 1", "Shirt 2", "Shirt 3", "Shirt 4"}
    assert b"shop/4" in read_all_files(project / "var" / "index")

    # Product 1 has a new title, 2 another photo, 3 has disappeared, 5 is new, and the owner of 4 wants it removed.
    crawl(2, make_shown(1, "kept", title="Jacket"), make_shown(2, "new", "shared"), secret, make_shown(5, "added"))
    lines = weft("purge", "--product", "shop/4")
    assert "var/index: weft index update removes it from all files of the index" in lines
    assert weft("index", "update", "--model", saved_model) == [
        "var/index: version 2: 4 photos of 3 products",
        "2 photos embedded, 0 copied, 4 removed; the bytes of 2 purged photos are in no file any more",
    ]
    assert search() == {"Jacket": ["shop/1#0"], "Shirt 2": ["shop/2#0", "shop/2#1"], "Shirt 5": ["shop/5#0"]}
    content = read_all_files(project / "var" / "index")
    assert not any(trace in content for trace in (b"shop/4", b"secret.jpg", b"Shirt 4"))
