import math
from collections.abc import Iterator

import pytest
from crawl_server import CrawlProcess, get_crawl_server

from crawler import run
from weft.params import Crawl


@pytest.fixture(scope="session", autouse=True)
def _commit_on_request_only() -> Iterator[None]:
    """Let no store of this process commit because a second has passed, which happens only on a busy machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crawler.storage.store.COMMIT_INTERVAL_SECONDS", math.inf)
        yield


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
