"""Counts of kept and dropped tokens."""

import json
from pathlib import Path

from weft.text.clean_stats import CleanStats


def test_the_report_counts_by_shop_and_reason(tmp_path: Path) -> None:
    stats = CleanStats()
    stats.add("brunel", kept=2, dropped=[("the", "stop word"), ("5", "number")])
    stats.add("alder", kept=0, dropped=[("the", "stop word")])
    stats.write(tmp_path / "report.json", tmp_path / "dropped.tsv")
    report = json.loads((tmp_path / "report.json").read_text())
    assert report == {
        "products": 2,
        "products_without_words": 1,
        "tokens_kept": 2,
        "tokens_dropped": 3,
        "shops": {
            "alder": {"products": 1, "products_without_words": 1, "tokens": {"stop word": 1, "kept": 0}},
            "brunel": {
                "products": 1,
                "products_without_words": 0,
                "tokens": {"stop word": 1, "kept": 2, "number": 1},
            },
        },
    }
    assert list(report["shops"]) == ["alder", "brunel"]
    lines = (tmp_path / "dropped.tsv").read_text().splitlines()
    assert lines == ["token\treason\tcount", "the\tstop word\t2", "5\tnumber\t1"]
