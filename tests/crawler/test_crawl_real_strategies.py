"""A real catalogue in five markups, platforms and feeds gives the same products, texts and photos."""

import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import NamedTuple

import pytest
from local_shop import make_crawl_settings

from crawler.run import crawl_shops
from weft import params, tables
from weft.contracts.tables import PHOTOS, PRODUCTS

SHOPS = Path(__file__).parents[3] / "shared" / "shops"
PRODUCTS_SERVED = 40
"""Out of 20,110; the test also passed with 2,000."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared,
    pytest.mark.skipif(not SHOPS.exists(), reason="no real catalogues: ../shared/shops is not beside the checkout"),
]


class ComparableProduct(NamedTuple):
    """A product without its id and URL, which differ between platforms."""

    title: str
    description: str
    photos: tuple[tuple[str, str], ...]


def run_crawl(platform: str, folder: Path) -> list[ComparableProduct]:
    """Crawl the catalogue served as `platform` and return its products."""
    command = [
        sys.executable,
        str(SHOPS / "serve.py"),
        "myntra",
        "--limit",
        str(PRODUCTS_SERVED),
        "--platform",
        platform,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            feed = f"{url}/feed.xml" if platform == "feed" else ""
            shop = params.Shop(name="myntra", url=url, feed=feed, allow_private_network=True)
            crawl_shops(make_crawl_settings(shop), folder / "state", folder / "out")
        finally:
            server.terminate()
    photos: dict[str, list[tuple[str, str]]] = {}
    for table in tables.read_shards(folder / "out" / "photos", PHOTOS):
        for row in table.select(["product_id", "url", "sha256"]).to_pylist():
            photos.setdefault(row["product_id"], []).append((row["url"].partition("/product/")[2], row["sha256"]))
    return sorted(
        ComparableProduct(row["title"], normalise_text(row["description"]), tuple(photos[row["product_id"]]))
        for row in tables.read_table(folder / "out" / "products.parquet", PRODUCTS).to_pylist()
    )


def normalise_text(description: str) -> str:
    """Return the text of a description without tags, entities and white space."""
    return re.sub(r"\W+", "", unescape(re.sub(r"<[^>]+>", " ", description)))


@pytest.fixture(scope="module")
def as_jsonld(tmp_path_factory: pytest.TempPathFactory) -> list[ComparableProduct]:
    return run_crawl("jsonld", tmp_path_factory.mktemp("jsonld"))


def test_every_product_has_a_title_and_a_photo(as_jsonld: list[ComparableProduct]) -> None:
    assert len(as_jsonld) == PRODUCTS_SERVED
    assert all(seen.title and seen.photos for seen in as_jsonld)
    # The description of a cap and a backpack in the catalogue is a dash.
    assert sum(not seen.description for seen in as_jsonld) == 2


@pytest.mark.parametrize("platform", ["opengraph", "shopify", "woocommerce", "feed"])
def test_every_platform_gives_the_same_products(
    platform: str, as_jsonld: list[ComparableProduct], tmp_path: Path
) -> None:
    assert run_crawl(platform, tmp_path) == as_jsonld
