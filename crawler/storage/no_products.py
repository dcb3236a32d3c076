"""Why a crawl found no product: one line that says what it saw and what to try."""

import json
import sqlite3
from collections import Counter

from crawler.exceptions import (
    CrawlDelayTooLongError,
    LoginRequiredError,
    NoContactError,
    NonHttpRedirectError,
    OffsiteError,
    PrivateAddressError,
    RobotsDisallowedError,
    RobotsUnavailableError,
)
from crawler.items import PAGE
from crawler.page_looks import BOT_CHECK, REDIRECT_PAGE, SCRIPT_SHELL

PAGE_LOOKS = "page_looks"
"""Key of the table meta: JSON, how many pages without products look like a script shell, a bot check or a redirect."""
TOO_MANY_REDIRECTS = "too many redirects"
_ROBOTS = (RobotsDisallowedError.reason, RobotsUnavailableError.reason, CrawlDelayTooLongError.reason)
_WALL = (*(f"HTTP {status}" for status in (401, 403, 406, 429, 451, 503)), LoginRequiredError.reason)
_REDIRECTS = (OffsiteError.reason, NonHttpRedirectError.reason, TOO_MANY_REDIRECTS)
_FEED_HINT = "a product feed of the shop (-a feed=URL)"
_ADVICE_BY_REASON = {
    **dict.fromkeys(_ROBOTS, f"ask the shop for its permission, or use {_FEED_HINT}"),
    **dict.fromkeys(_WALL, f"the shop does not let crawlers in: ask it for access, or use {_FEED_HINT}"),
    **dict.fromkeys(_REDIRECTS, "open it in a browser and use the address where it ends as url"),
    NoContactError.reason: NoContactError.advice,
    PrivateAddressError.reason: PrivateAddressError.advice,
    "HTTP 404": "correct the url",
}
_ADVICE_BY_LOOK = {
    SCRIPT_SHELL: (
        "are filled in by scripts",
        f"let a browser render them (render: true, or -a render=1; it needs weft[browser]), or use {_FEED_HINT}",
    ),
    BOT_CHECK: (
        "are bot checks or deny the access",
        f"ask the shop for access, use {_FEED_HINT}, or try again later with a longer delay",
    ),
    REDIRECT_PAGE: (
        "only lead to another address by a script or a meta refresh",
        "open the shop in a browser and use the address where it ends as url",
    ),
}


def explain_no_products(database: sqlite3.Connection) -> str:
    """Return what a crawl without products saw, and what to try.

    Args:
        database: The state file of the crawl.
    """
    num_read = int(
        database.execute("SELECT count(*) FROM frontier WHERE kind = ? AND status = 'done'", (PAGE,)).fetchone()[0]
    )
    reasons = Counter(
        dict(
            database.execute(
                "SELECT reason, count(*) FROM frontier WHERE kind = ? AND status = 'failed' GROUP BY 1", (PAGE,)
            )
        )
    )
    num_tried = num_read + reasons.total()
    if num_tried == 0:
        return (
            "saw no page: neither a feed, a sitemap nor the start page led to one; correct the url, or name "
            f"{_FEED_HINT}"
        )
    reason, num_failed = next(iter(reasons.most_common(1)), ("", 0))
    if num_failed > num_read:
        advice = _ADVICE_BY_REASON.get(reason, "open it in a browser to see whether the shop is there, and run again")
        return f"saw {num_failed} of {num_tried} pages fail: {reason}, such as {_example(database, reason)}; {advice}"
    looks = Counter(json.loads(_get_meta(database, PAGE_LOOKS) or "{}"))
    look, num_look = next(iter(looks.most_common(1)), ("", 0))
    if look in _ADVICE_BY_LOOK and 2 * num_look >= num_read:
        description, advice = _ADVICE_BY_LOOK[look]
        return f"saw that {num_look} of {num_read} pages {description}; {advice}"
    return (
        f"saw {num_read} pages of which none shows one product, such as {_example(database, None)}; see what is read "
        "there with `scrapy parse URL`, start at the url of a listing, or describe the shop in shops/<host>.yaml"
    )


def _example(database: sqlite3.Connection, reason: str | None) -> str:
    """Return the first page that was read, or that failed for a reason."""
    row = database.execute(
        "SELECT url FROM frontier WHERE kind = ? AND status IN ('done', 'failed') AND reason IS ? ORDER BY id LIMIT 1",
        (PAGE, reason),
    ).fetchone()
    return str(row[0]) if row else ""


def _get_meta(database: sqlite3.Connection, name: str) -> str:
    row = database.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else ""
