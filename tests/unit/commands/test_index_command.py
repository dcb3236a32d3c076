"""weft index builds, updates and describes an index; weft search and weft serve use it."""

from pathlib import Path

import pytest
from stored_crawl import write_crawl

from weft.commands.index_arguments import find_index

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path, monkeypatch, make_jpeg):
    """A project with a crawl of two products; returns a function that crawls again."""
    monkeypatch.chdir(tmp_path)

    def crawl(**colours):
        photos = {f"a/{name}": [make_jpeg(colour, seed=len(name))] for name, colour in colours.items()}
        write_crawl(tmp_path / "data" / "crawl", photos, {name: f"Title of {name}" for name in photos})

    crawl(one="red", two="green")
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text().replace("min_side: 48", "min_side: 16"))
    return crawl


def test_an_index_is_built_updated_described_and_searched(project, weft, parsed):
    assert weft("index", "build")[1] == [
        "var/index: version 1: 2 photos of 2 products",
        "2 photos embedded, 0 copied, 0 removed; the bytes of 0 purged photos are in no file any more",
    ]
    project(one="red", two="green", three="blue", four="black")
    weft("index", "update")
    project(one="red", three="blue", four="black", five="red")
    (status, lines, err) = weft("index", "update")
    assert (status, lines[0]) == (0, "var/index: version 3: 4 photos of 4 products")
    assert lines[1].startswith("1 photos embedded, 0 copied, 1 removed;")
    assert "no crawl state" in err
    assert weft("index", "update")[1][0] == "var/index: up to date, version 3: 4 photos of 4 products"
    found = parsed(weft("search", "blue")[1])
    names = ["one", "three", "four", "five"]
    assert {line["product"]: line["title"] for line in found} == {f"a/{name}": f"Title of a/{name}" for name in names}
    lines = weft("index", "info")[1]
    assert lines[0].startswith("var/index: version 3, model ")
    assert lines[2] == "2 segments; 0 of their 4 photos are not found any more"


def test_the_page_of_a_search_shows_the_pictures_of_the_index(project, weft, tmp_path):
    weft("index", "build")
    assert weft("search", "red", "--html", "found.html")[0] == 0
    assert (tmp_path / "found.html").read_text().count('<img class="main" src="data:image/jpeg;base64,') == 2


def test_what_was_purged_leaves_the_index_without_a_new_crawl(project, weft, tmp_path, parsed):
    weft("index", "build")
    (tmp_path / "var" / "crawl").mkdir()
    (tmp_path / "var" / "crawl" / "purged.jsonl").write_text('{"kind": "product", "value": "a/one"}\n')
    assert weft("index", "update")[1][1].endswith("the bytes of 1 purged photos are in no file any more")
    assert [product["product"] for product in parsed(weft("search", "red")[1])] == ["a/two"]


@pytest.mark.parametrize("action", ["update", "info"])
def test_a_missing_index_says_what_to_run(project, refused, action):
    assert find_index() is None
    assert refused("index", action) == "error: var/index: expected an index, got none; run `weft index build`\n"


def test_without_a_crawl_nothing_is_built(tmp_path, monkeypatch, weft):
    monkeypatch.chdir(tmp_path)
    status, lines, err = weft("index", "build", "--params", ROOT / "params.yaml")
    assert (status, lines) == (2, [])
    assert "error: data/crawl/products.parquet: no such file" in err
    assert not list((tmp_path / "var" / "index").glob("0*"))


def test_a_damaged_purge_list_is_refused(project, refused, tmp_path):
    (tmp_path / "var" / "crawl").mkdir(parents=True)
    (tmp_path / "var" / "crawl" / "purged.jsonl").write_text("{}\n")
    assert "purged.jsonl, line 1" in refused("index", "build")
