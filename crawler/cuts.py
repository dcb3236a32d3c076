"""Cuts: what was not asked because it is a trap, counted by reason and by URL pattern, with examples."""

import sqlite3
from collections import Counter, defaultdict
from typing import TypedDict

from crawler.discover import patterns

MAX_EXAMPLES_PER_REASON = 5
MAX_TEMPLATES_PER_REASON = 20
"""As many are listed for each reason, the most frequent."""
OVER_BUDGET = "over budget"


class SkippedUrls(TypedDict):
    """What was cut for one reason."""

    pages: int
    patterns: dict[str, int]
    """By URL pattern how many pages, most first."""
    examples: list[str]
    """The first URLs by the alphabet."""


def count_skipped_urls(db: sqlite3.Connection) -> dict[str, SkippedUrls]:
    """By reason, what the crawl whose state is open in `db` did not ask."""
    rows = db.execute(
        "SELECT reason, url FROM cut UNION ALL SELECT ?, url FROM frontier WHERE status = 'deferred' ORDER BY 1, 2",
        (OVER_BUDGET,),
    )
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    examples: defaultdict[str, list[str]] = defaultdict(list)
    for reason, url in rows:
        counts[reason][patterns.url_template(url)] += 1
        if len(examples[reason]) < MAX_EXAMPLES_PER_REASON:
            examples[reason].append(url)
    return {
        reason: SkippedUrls(
            pages=template_counts.total(), patterns=_top_counts(template_counts), examples=examples[reason]
        )
        for reason, template_counts in sorted(counts.items())
    }


def _top_counts(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_TEMPLATES_PER_REASON])
