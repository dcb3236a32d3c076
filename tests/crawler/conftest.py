from collections.abc import Iterator

import pytest
from crawl_server import CrawlProcess, get_crawl_server

from crawler import run
from weft.params import Crawl

CRAWL_FUNCTIONS = ("crawl_shops", "run_crawl")
"""Each starts a crawl in another process, which takes seconds."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests of a module that crawls a shop as slow, so that `make test-quick` leaves them out."""
    if isinstance(item, pytest.Function) and any(hasattr(item.module, name) for name in CRAWL_FUNCTIONS):
        item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def _start_crawls_by_fork() -> Iterator[None]:
    """Start the processes of `crawl_shops` from the crawl server; test_crawl_killed.py starts them as users do."""

    def start_process(job: run.CrawlJob, settings: Crawl) -> CrawlProcess:
        log = job.state.with_suffix(".log")
        return get_crawl_server().start(run._build_command(job, settings), log, run._build_environment())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "_start_process", start_process)
        patch.setattr(run, "POLL_SECONDS", 0.02)
        yield
    if get_crawl_server.cache_info().currsize:
        get_crawl_server().close()
