"""shops/<host>.yaml sets where a crawl starts and which pages it skips."""

import json
import os
from pathlib import Path

import pytest
from local_shop import make_crawl_settings, run_local_shop

from crawler.run import crawl_shops
from weft import params, tables
from weft.contracts.tables import PRODUCTS

OVERRIDE = """
start: ["{base}/c/men"]
allow: ["/(c|p)/"]
deny: ["/p/2$"]
"""


def test_override_sets_the_start_url_and_denied_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]), prepend=os.pathsep)
    with run_local_shop() as shop:
        (tmp_path / "shops").mkdir()
        (tmp_path / "shops" / "127.0.0.1.yaml").write_text(OVERRIDE.format(base=shop.base_url))
        shop.add_sitemap([shop.add_product(n) for n in (1, 2)])
        shop.add_product(3)
        shop.add_product(4, path="/other/4")
        links = (f'<a href="{path}">x</a>' for path in ("/p/2", "/p/3", "/other/4"))
        shop.add_page("/c/men", f"<h1>Men</h1>{''.join(links)}")
        named = params.Shop(name="test", url=shop.base_url, allow_private_network=True)
        crawl_shops(make_crawl_settings(named), tmp_path / "state", tmp_path / "out")
        rows = tables.read_table(tmp_path / "out" / "products.parquet", PRODUCTS).to_pylist()
        assert {row["title"] for row in rows} == {"Shirt 1", "Shirt 3"}
        assert not {"/", "/p/2", "/other/4"} & set(shop.request_counts)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["skipped"] == {"denied by shops/<host>.yaml": 2}
