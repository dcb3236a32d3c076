"""A crawl without a product says in one line what it saw and what to try."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from state_files import BASE_URL

from crawler.exceptions import OffsiteError, RobotsDisallowedError
from crawler.items import PAGE, FailedItem, ListingItem
from crawler.page.document import parse_html
from crawler.page_looks import BOT_CHECK, REDIRECT_PAGE, SCRIPT_SHELL, describe_page
from crawler.storage.no_products import PAGE_LOOKS, explain_no_products
from crawler.storage.store import Store

LONG_TEXT = "We sell shirts and trousers that last. " * 20


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "s.sqlite")
    yield opened
    opened.close()


def save_pages(store: Store, *, read: int = 0, failed: int = 0, reason: str = "") -> None:
    """Save `read` pages without a product and `failed` pages that failed for `reason`."""
    store.add_urls(PAGE, [f"{BASE_URL}/{n}" for n in range(read + failed)])
    for n, (row, url) in enumerate(store.select_todo(PAGE, 99, ())):
        if n < read:
            store.save(ListingItem(row=row, url=url, breadcrumb="", page_title="", links=()))
        else:
            store.save(FailedItem(row=row, reason=reason, attempts=1))


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        (RobotsDisallowedError.reason, "ask the shop for its permission"),
        ("HTTP 403", "does not let crawlers in"),
        (OffsiteError.reason, "use the address where it ends as url"),
        ("HTTP 404", "correct the url"),
        ("timeout", "open it in a browser"),
    ],
)
def test_failures_are_named_with_an_example_and_advice(store: Store, reason: str, advice: str) -> None:
    save_pages(store, read=1, failed=3, reason=reason)
    explanation = explain_no_products(store._db)
    assert f"saw 3 of 4 pages fail: {reason}, such as {BASE_URL}/" in explanation
    assert advice in explanation


@pytest.mark.parametrize(
    ("look", "seen"),
    [
        (SCRIPT_SHELL, "2 of 3 pages are filled in by scripts"),
        (BOT_CHECK, "2 of 3 pages are bot checks"),
        (REDIRECT_PAGE, "2 of 3 pages only lead to another address"),
    ],
)
def test_look_of_most_pages_is_named(store: Store, look: str, seen: str) -> None:
    save_pages(store, read=3)
    store.set_meta(**{PAGE_LOOKS: json.dumps({look: 2})})
    assert seen in explain_no_products(store._db)


def test_ordinary_pages_without_products_lead_to_scrapy_parse(store: Store) -> None:
    save_pages(store, read=3, failed=1, reason="timeout")
    assert "saw 3 pages of which none shows one product" in explain_no_products(store._db)
    assert "`scrapy parse URL`" in explain_no_products(store._db)


def test_crawl_without_any_page_says_so(store: Store) -> None:
    assert "saw no page" in explain_no_products(store._db)


@pytest.mark.parametrize(
    ("html", "look"),
    [
        ("<div id=root></div><script src=/app.js></script>", SCRIPT_SHELL),
        ("<noscript>Please enable scripts. <a href=/help>Help</a></noscript><script>start()</script>", SCRIPT_SHELL),
        ("<title>Just a moment...</title><script src=/x.js></script>", BOT_CHECK),
        ("<h1>Access denied</h1><p>Reference 18.2f</p>", BOT_CHECK),
        ("<script src=/cdn-cgi/challenge-platform/h/b.js></script>", BOT_CHECK),
        ("<meta http-equiv=Refresh content='0; URL=/en/'>", REDIRECT_PAGE),
        ("<script>window.location.href = '/en/'</script>", REDIRECT_PAGE),
        (f"<p>{LONG_TEXT}</p><script src=/app.js></script>", ""),
        (f"<p>{LONG_TEXT * 4} captcha</p>", ""),
        ("<a href=/a>a</a><a href=/b>b</a><a href=/c>c</a><script src=/app.js></script>", ""),
        ("<script type=application/ld+json>{}</script><p>Closed</p>", ""),
        ("", ""),
    ],
)
def test_page_without_content_is_recognised(html: str, look: str) -> None:
    assert describe_page(parse_html(html, f"{BASE_URL}/")) == look
