"""A busy shop: 429 and 503, with Retry-After in seconds and as a date, for a while, too long, or permanently."""

import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
from hostile_crawl import CrawlResult, run_crawl
from local_shop import LocalShop, run_local_shop

pytestmark = pytest.mark.slow


def make_retry_after() -> str:
    """Return an HTTP date, rounded to seconds, between one and two seconds from now."""
    return formatdate(time.time() + 2, usegmt=True)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalShop, CrawlResult]]:
    with run_local_shop() as shop:
        paths = [shop.add_product(n, photos=1) for n in range(9)]
        answers = shop.responses
        for path, status, retry_after in (
            ("/p/0", 429, "2"),
            ("/p/1", 429, make_retry_after),
            ("/p/2", 503, "1"),
            ("/p/3", 503, make_retry_after),
            ("/p/4", 429, "soon"),
            ("/media/5-0.jpg", 503, "0"),
        ):
            answers[path].busy, answers[path].busy_status, answers[path].retry_after = 1, status, retry_after
        for path, status, retry_after in (("/p/6", 429, "86400"), ("/p/7", 503, "Fri, 31 Dec 2100 23:59:59 GMT")):
            answers[path].busy, answers[path].busy_status, answers[path].retry_after = 99, status, retry_after
        answers["/p/8"].busy, answers["/p/8"].retry_after = 99, "0"
        shop.add_sitemap(paths)
        yield shop, run_crawl(shop, tmp_path_factory.mktemp("busy"), "RETRY_BACKOFF_BASE=0.01")


def test_url_that_is_busy_for_a_while_is_retried(crawled: tuple[LocalShop, CrawlResult]) -> None:
    assert sorted(crawled[1].products) == [f"S{n}" for n in range(6)]
    assert "/media/5-0.jpg" in crawled[1].photos
    assert {crawled[0].request_counts[path] for path in ("/p/0", "/p/1", "/p/2", "/p/3", "/p/4", "/media/5-0.jpg")} == {
        2
    }


def test_retries_wait_for_the_time_of_retry_after(crawled: tuple[LocalShop, CrawlResult]) -> None:
    times = crawled[0].request_times
    waited = {path: times[path][1] - times[path][0] for path in ("/p/0", "/p/1", "/p/2", "/p/3")}
    assert waited["/p/0"] >= 2
    assert min(waited.values()) >= 0.9


def test_http_429_pauses_the_whole_host(crawled: tuple[LocalShop, CrawlResult]) -> None:
    first = crawled[0].request_times["/p/0"][0]
    # Requests in flight at the time of the response were sent before.
    between = [t for times in crawled[0].request_times.values() for t in times if first + 1 < t < first + 1.95]
    assert between == []


@pytest.mark.parametrize(("path", "reason"), [("/p/6", "HTTP 429"), ("/p/7", "HTTP 503")])
def test_retry_after_of_hours_is_a_failure(crawled: tuple[LocalShop, CrawlResult], path: str, reason: str) -> None:
    assert (crawled[1].failures[path], crawled[1].attempts[path], crawled[0].request_counts[path]) == (reason, 1, 1)


def test_url_that_stays_busy_fails_after_five_attempts(crawled: tuple[LocalShop, CrawlResult]) -> None:
    assert (crawled[1].failures["/p/8"], crawled[1].attempts["/p/8"], crawled[0].request_counts["/p/8"]) == (
        "HTTP 503",
        5,
        5,
    )


def test_crawl_of_a_busy_shop_stops_and_resumes_later(tmp_path: Path) -> None:
    with run_local_shop() as shop:
        paths = [shop.add_product(n, photos=0) for n in range(60)]
        shop.add_sitemap(paths)
        for path in paths:
            shop.responses[path].busy, shop.responses[path].retry_after = 99, "1"
        left = run_crawl(shop, tmp_path, "RETRY_BACKOFF_BASE=0.01", "WEFT_MAX_CONSECUTIVE_BUSY=1", concurrency="1")
        assert "busy: run again later" in left.fault
        assert shop.request_counts.total() < 60
        for path in paths:
            shop.responses[path].busy = 0
        again = run_crawl(shop, tmp_path)
        assert again.fault == ""
        assert len(again.products) == 60
        assert not again.failures
