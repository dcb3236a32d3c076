"""What `clean` kept and dropped, in numbers: by reason, by shop, and the dropped tokens themselves."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from weft import tables

KEPT = "kept"
MAX_DROPPED_LISTED = 5_000
"""Lines of dropped.tsv: enough to judge the rules by."""
_MAX_DROPPED_COUNTED = 400_000
"""Distinct dropped tokens held at once; article numbers would otherwise grow with the catalogue."""


class CleanStats:
    """Counts that grow with the stream of products and are written at its end."""

    def __init__(self) -> None:
        self._products: Counter[str] = Counter()
        self._products_without_words: Counter[str] = Counter()
        self._tokens_by_reason: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._dropped_counts: Counter[tuple[str, str]] = Counter()

    def add(self, shop: str, kept: int, dropped: Iterable[tuple[str, str]]) -> None:
        """Count one product of `shop` with its number of `kept` tokens and its `dropped` (token, reason) pairs."""
        self._products[shop] += 1
        self._products_without_words[shop] += kept == 0
        by_reason = self._tokens_by_reason[shop]
        by_reason[KEPT] += kept
        for pair in dropped:
            by_reason[pair[1]] += 1
            self._dropped_counts[pair] += 1
        if len(self._dropped_counts) > _MAX_DROPPED_COUNTED:
            self._dropped_counts = Counter(dict(self._rank_dropped(_MAX_DROPPED_COUNTED // 2)))

    def compute_totals(self) -> dict[str, float]:
        """Products, products without words, tokens kept and dropped, over all shops."""
        tokens = sum(self._tokens_by_reason.values(), Counter[str]())
        return {
            "products": self._products.total(),
            "products_without_words": self._products_without_words.total(),
            "tokens_kept": tokens[KEPT],
            "tokens_dropped": tokens.total() - tokens[KEPT],
        }

    def write(self, report_path: Path, dropped_path: Path) -> None:
        """Write the counts as JSON to `report` and the most frequent dropped tokens to `dropped`."""
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
