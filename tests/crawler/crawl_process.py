"""A crawl of a local shop, in this process or in a child process that a test kills or limits."""

import os
import sys
from pathlib import Path

from crawl_server import CrawlProcess, get_crawl_server
from local_shop import LocalShop, make_crawl_settings

import crawler
from crawler.run import crawl_shops
from weft import errors, params


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


def make_command(folder: Path, shop: LocalShop) -> list[str]:
    """Return the command that crawls the local shop with its state and its snapshot in `folder`."""
    return [sys.executable, "-m", "crawl_process", str(folder), shop.served_url]


def start_crawl(folder: Path, shop: LocalShop) -> CrawlProcess:
    """Start a process that crawls the local shop in a child process, as the stage does."""
    return get_crawl_server().start(make_command(folder, shop), folder / "log")


def crawl_into(folder: Path, served_url: str) -> None:
    """Crawl the local shop at `served_url` with its state and its snapshot in `folder`."""
    crawl_shops(make_demo_settings(), folder / "state", folder / "out", {"demo:jsonld": served_url})


if __name__ == "__main__":  # python -m crawl_process FOLDER URL
    sys.exit(errors.run_main(lambda: crawl_into(Path(sys.argv[1]), sys.argv[2])))
