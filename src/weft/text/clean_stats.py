"""Counts of the stage clean: how many tokens are kept and dropped, by shop and reason."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from weft import tables

KEPT = "kept"
MAX_DROPPED_LISTED = 5_000
"""Lines of dropped.tsv: enough to judge the rules."""
_MAX_DROPPED_COUNTED = 400_000
"""Distinct dropped tokens in memory; without a limit, article numbers would grow with the catalogue."""


class CleanStats:
    """Counts of kept and dropped tokens, by shop and reason, with the most frequent dropped tokens."""

    def __init__(self) -> None:
        self._products: Counter[str] = Counter()
        self._products_without_words: Counter[str] = Counter()
        self._tokens_by_reason: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._dropped_counts: Counter[tuple[str, str]] = Counter()

    def add(self, shop: str, kept: int, dropped: Iterable[tuple[str, str]]) -> None:
        """Count one product.

        Args:
            shop: The shop of the product.
            kept: How many of its tokens were kept.
            dropped: (token, reason) of each dropped token.
        """
        self._products[shop] += 1
        self._products_without_words[shop] += kept == 0
        by_reason = self._tokens_by_reason[shop]
        by_reason[KEPT] += kept
        for pair in dropped:
            by_reason[pair[1]] += 1
            self._dropped_counts[pair] += 1
        self._limit_dropped()

    def merge(self, other: "CleanStats") -> None:
        """Add the counts of other products. Counts are merged in the order of the products, as rare tokens may go."""
        self._products.update(other._products)
        self._products_without_words.update(other._products_without_words)
        for shop, counts in other._tokens_by_reason.items():
            self._tokens_by_reason[shop].update(counts)
        self._dropped_counts.update(other._dropped_counts)
        self._limit_dropped()

    def _limit_dropped(self) -> None:
        if len(self._dropped_counts) > _MAX_DROPPED_COUNTED:
            self._dropped_counts = Counter(dict(self._rank_dropped(_MAX_DROPPED_COUNTED // 2)))

    def compute_totals(self) -> dict[str, float]:
        """Return the numbers of products and tokens over all shops."""
        tokens = sum(self._tokens_by_reason.values(), Counter[str]())
        return {
            "products": self._products.total(),
            "products_without_words": self._products_without_words.total(),
            "tokens_kept": tokens[KEPT],
            "tokens_dropped": tokens.total() - tokens[KEPT],
        }

    def write(self, report_path: Path, dropped_path: Path) -> None:
        """Write the counts as JSON and the most frequent dropped tokens as tab-separated values."""
        shops = {
            shop: {
                "products": self._products[shop],
                "products_without_words": self._products_without_words[shop],
                "tokens": dict(sorted(self._tokens_by_reason[shop].items())),
            }
            for shop in sorted(self._products)
        }
        tables.write_text(
            report_path, json.dumps({**self.compute_totals(), "shops": shops}, indent=1, ensure_ascii=False) + "\n"
        )
        lines = [f"{token}\t{reason}\t{count}\n" for (token, reason), count in self._rank_dropped(MAX_DROPPED_LISTED)]
        tables.write_text(dropped_path, "token\treason\tcount\n" + "".join(lines))

    def _rank_dropped(self, limit: int) -> list[tuple[tuple[str, str], int]]:
        return sorted(self._dropped_counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
