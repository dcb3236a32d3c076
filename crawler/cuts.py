"""Cuts: what was not asked because it is a trap, counted by reason and by URL pattern, with examples."""

import sqlite3
from collections import Counter, defaultdict
from typing import TypedDict

from crawler.discover import patterns

EXAMPLES = 5
PATTERNS = 20
"""As many are listed for each reason, the most frequent."""
OVER_BUDGET = "over budget"


class Cuts(TypedDict):
    """What was cut for one reason."""

    pages: int
    patterns: dict[str, int]
    """By URL pattern how many pages, most first."""
    examples: list[str]
    """The first URLs by the alphabet."""


def cuts(db: sqlite3.Connection) -> dict[str, Cuts]:
    """By reason, what the crawl whose state is open in `db` did not ask."""
    rows = db.execute(
        "SELECT reason, url FROM cut UNION ALL SELECT ?, url FROM frontier WHERE status = 'deferred' ORDER BY 1, 2",
        (OVER_BUDGET,),
    )
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    examples: defaultdict[str, list[str]] = defaultdict(list)
    for reason, url in rows:
        counts[reason][patterns.pattern(url)] += 1
        if len(examples[reason]) < EXAMPLES:
            examples[reason].append(url)
    return {
        reason: Cuts(pages=found.total(), patterns=_most(found), examples=examples[reason])
        for reason, found in sorted(counts.items())
    }


def _most(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:PATTERNS])
