"""Report: the numbers of a snapshot, in all and shop by shop."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from crawler.survey import Placeholder, Survey
from weft.params.gate import COVERED


def report(surveys: Sequence[Survey]) -> dict[str, Any]:
    """What report.json holds: totals, then the same of each shop."""
    counts = sum((survey.counts for survey in surveys), Counter[str]())
    failures = sum((survey.failures for survey in surveys), Counter[str]())
    cut = Counter[str]()
    for survey in surveys:
        cut.update({reason: found["pages"] for reason, found in survey.cut.items()})
    return {
        **totals(counts),
        "failures": dict(sorted(failures.items())),
        "cut": dict(sorted(cut.items())),
        "shops": {
            survey.shop: {
                **totals(survey.counts),
                "counts": dict(sorted(survey.counts.items())),
                "failures": dict(sorted(survey.failures.items())),
                "cut": survey.cut,
                "limit_reached": survey.limit_reached,
                "placeholders": [asdict(placeholder) for placeholder in survey.placeholders],
                "asked": dict(sorted(survey.asked.items())),
            }
            for survey in surveys
        },
    }


def totals(counts: Counter[str]) -> dict[str, float]:
    """The figures that a run is logged with."""
    products = max(1, counts["products"])
    named = ("photos", "photos_placeholder")
    return {
        "products": counts["products"],
        "photos": counts["photos"],
        "photos_missing": counts["photos_named"] - sum(counts[name] for name in named),
        "photos_placeholder": counts["photos_placeholder"],
        "photos_per_product": round(counts["photos"] / products, 3),
        "pages_without_product": counts["pages_without_product"],
        "withdrawn": counts["withdrawn"],
        **{f"share_with_{field}": round(counts[f"with_{field}"] / products, 4) for field in COVERED},
    }


def surveys_of(found: dict[str, Any]) -> list[Survey]:
    """The surveys that a report was made of, as far as it tells them: all but `same_title`, which no report needs.

    Raises:
        KeyError, TypeError: It is no report.
    """
    return [
        Survey(
            shop=shop,
            counts=Counter(told["counts"]),
            placeholders=tuple(Placeholder(**placeholder) for placeholder in told["placeholders"]),
            same_title=("", 0),
            failures=Counter(told["failures"]),
            asked=told["asked"],
            cut=told["cut"],
            limit_reached=told["limit_reached"],
        )
        for shop, told in found["shops"].items()
    ]
