"""Several machines crawl several shops independently, and the merge equals the snapshot of one machine."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from local_shop import make_crawl_settings, read_files, run_local_shop

from crawler.export.merge_shards import merge_snapshots
from crawler.run import crawl_shops
from crawler.shards import Shard, parse_shard, select_shops
from weft import params
from weft.errors import ShopError

pytestmark = pytest.mark.slow

NAMES = ("a0", "a", "a-b")
MARKUPS = ("jsonld", "microdata", "opengraph")
SHOPS = [params.Shop(name=name, url=f"demo:{markup}") for name, markup in zip(NAMES, MARKUPS, strict=True)]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Crawl three shops, each with a failure and a placeholder, with one machine and with three."""
    folder = tmp_path_factory.mktemp("shards")
    with ExitStack() as stack:
        served = {}
        for number, shop in enumerate(SHOPS):
            server = stack.enter_context(run_local_shop())
            server.base_url = f"http://{shop.name}.example"
            server.add_sitemap([*(server.add_product(n, photos=2) for n in range(number + 2)), "/missing"])
            served[shop.url] = server.served_url
        crawl_settings = make_crawl_settings(*SHOPS)
        crawl_shops(crawl_settings, folder / "state", folder / "whole", served)
        for number in (1, 2, 3):
            crawl_shops(crawl_settings, folder / f"state-{number}", folder / f"{number}", served, Shard(number, 3))
        yield folder


def test_merged_shards_equal_the_snapshot_of_one_machine(crawled: Path) -> None:
    merge_snapshots([crawled / "3", crawled / "1", crawled / "2"], crawled / "merged")
    assert read_files(crawled / "merged") == read_files(crawled / "whole")


def test_third_shard_can_be_merged_later(crawled: Path) -> None:
    merge_snapshots([crawled / "1", crawled / "2"], crawled / "two")
    merge_snapshots([crawled / "3", crawled / "two"], crawled / "three")
    assert read_files(crawled / "three") == read_files(crawled / "whole")


def test_each_shard_crawls_its_own_shop(crawled: Path) -> None:
    reports = [json.loads((crawled / str(number) / "report.json").read_text()) for number in (1, 2, 3)]
    assert [list(report["shops"]) for report in reports] == [[name] for name in NAMES]


def test_merge_rejects_a_shop_in_two_snapshots(crawled: Path) -> None:
    with pytest.raises(ShopError, match="a0: in two of the snapshots"):
        merge_snapshots([crawled / "1", crawled / "whole"], crawled / "never")
    assert not (crawled / "never").exists()


def test_merge_rejects_a_folder_that_is_not_a_snapshot(crawled: Path, tmp_path: Path) -> None:
    with pytest.raises(ShopError, match="not the report of a snapshot"):
        merge_snapshots([tmp_path], tmp_path / "never")


def test_shard_without_a_shop_writes_empty_tables(tmp_path: Path) -> None:
    crawl_shops(make_crawl_settings(*SHOPS), tmp_path, tmp_path / "out", {}, Shard(4, 4))
    assert json.loads((tmp_path / "out" / "report.json").read_text())["products"] == 0
    merge_snapshots([tmp_path / "out"], tmp_path / "merged")
    assert read_files(tmp_path / "merged") == read_files(tmp_path / "out")


def test_every_shop_is_in_one_shard_and_hosts_are_not_split() -> None:
    hosts = ["b.example", "www.a.example", "a.example", "c.example:81", "c.example:82", "d.example"]
    shops = [params.Shop(name=f"s{n}", url=f"https://{host}/{n}") for n, host in enumerate(hosts)]
    parts = [[shop.name for shop in select_shops(Shard(number, 2), shops)] for number in (1, 2)]
    assert parts == [["s0", "s3", "s5"], ["s1", "s2", "s4"]]
    more = [*shops, params.Shop(name="new", url="https://e.example/")]
    assert [shop.name for shop in select_shops(Shard(2, 2), more)] == ["s1", "s2", "s4", "new"]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "1", "a/b", "-1/3", ""])
def test_invalid_shard_raises_shop_error(text: str) -> None:
    with pytest.raises(ShopError, match="expected i/n"):
        parse_shard(text)
