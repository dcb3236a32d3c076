"""Counts of the URLs that a crawl did not request."""

import sqlite3
from collections import Counter, defaultdict
from typing import TypedDict

from crawler.discover import crawl_traps

MAX_EXAMPLES_PER_REASON = 5
MAX_TEMPLATES_PER_REASON = 20
"""Number of the most frequent URL templates that are listed for each reason."""
OVER_BUDGET = "over budget"


class SkippedUrls(TypedDict):
    """The URLs that were skipped for one reason."""

    pages: int
    url_templates: dict[str, int]
    """By URL template the number of pages, highest first."""
    examples: list[str]
    """The alphabetically first URLs."""


def count_skipped_urls(db: sqlite3.Connection) -> dict[str, SkippedUrls]:
    """Return the URLs that a crawl did not request, by reason, with counts by URL template and examples."""
    rows = db.execute(
        "SELECT reason, url FROM skipped_urls"
        " UNION ALL SELECT ?, url FROM frontier WHERE status = 'over_budget' ORDER BY 1, 2",
        (OVER_BUDGET,),
    )
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    examples: defaultdict[str, list[str]] = defaultdict(list)
    for reason, url in rows:
        counts[reason][crawl_traps.url_template(url)] += 1
        if len(examples[reason]) < MAX_EXAMPLES_PER_REASON:
            examples[reason].append(url)
    return {
        reason: SkippedUrls(
            pages=template_counts.total(), url_templates=_top_counts(template_counts), examples=examples[reason]
        )
        for reason, template_counts in sorted(counts.items())
    }


def _top_counts(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_TEMPLATES_PER_REASON])
