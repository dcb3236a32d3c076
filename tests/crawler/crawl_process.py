"""A crawl of a local shop, in this process or in a child process that a test kills or limits."""

import os
from pathlib import Path

from local_shop import LocalShop, make_crawl_settings

import crawler
from crawler.run import crawl_shops
from weft import params

CRAWL_SCRIPT = """
import sys
from pathlib import Path
from crawl_process import make_demo_settings
from crawler.run import crawl_shops
from weft import errors
folder, connect_to = Path(sys.argv[2]), {"demo:jsonld": sys.argv[1]}
sys.exit(errors.run_main(lambda: crawl_shops(make_demo_settings(), folder / "state", folder / "out", connect_to)))
"""
"""Crawl the shop at the first argument into the folder that the second argument names."""


def make_demo_settings() -> params.Crawl:
    """Return crawl settings whose only shop is called demo."""
    return make_crawl_settings(params.Shop(name="demo", url="demo:jsonld"))


def make_environment() -> dict[str, str]:
    """Return the environment in which the script finds the crawler and the modules of these tests."""
    paths = [str(Path(crawler.__file__).parent.parent), str(Path(__file__).parent)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def crawl_demo(shop: LocalShop, state: Path, out: Path) -> None:
    """Crawl the local shop in this process."""
    crawl_shops(make_demo_settings(), state, out, {"demo:jsonld": shop.served_url})
