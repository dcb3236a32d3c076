from collections.abc import Iterator
from pathlib import Path

import pytest
from crawl_server import CrawlProcess, CrawlServer

import crawler
from crawler import run
from weft.params import Crawl

CRAWL_FUNCTIONS = ("crawl_shops", "run_crawl")
"""Each starts a crawl in another process, which takes seconds."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests of a module that crawls a shop as slow, so that `make test-quick` leaves them out."""
    if isinstance(item, pytest.Function) and any(hasattr(item.module, name) for name in CRAWL_FUNCTIONS):
        item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def crawl_server() -> Iterator[CrawlServer]:
    server = CrawlServer(Path(crawler.__file__).parents[1])
    yield server
    server.close()


@pytest.fixture(scope="session", autouse=True)
def _start_crawls_by_fork(request: pytest.FixtureRequest) -> Iterator[None]:
    """Start the processes of `crawl_shops` from the crawl server; test_crawl_killed.py starts them as users do."""

    def start_process(job: run.CrawlJob, settings: Crawl) -> CrawlProcess:
        log_path = job.state.with_suffix(".log")
        log_path.parent.mkdir(parents=True, exist_ok=True)
        server: CrawlServer = request.getfixturevalue("crawl_server")
        return server.start(run._build_command(job, settings), run._build_environment(), log_path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "_start_process", start_process)
        yield
