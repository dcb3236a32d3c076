"""Recall and precision of an audit, where it is known which texts have a fault and what the photos show."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from weft.contracts import files
from weft.contracts.ground_truth import ProductTruth, TextFault
from weft.tagging.word_relations import stem


def score_audit(mismatches: Sequence[Mapping[str, Any]], truths: Iterable[ProductTruth]) -> dict[str, Any]:
    """Return how many of the faults an audit finds, and how many of its mismatches are true.

    A mismatch is true if the photos do show the predicted word and, for `contradicted`, do not show the text word. It
    need not be an injected fault: a text may lack a word by chance. A fault is found if a mismatch of its product
    predicts one of the true words or doubts one of the wrong ones. Plurals and spellings count as one word.

    Args:
        mismatches: The rows of the audit, with product_id, kind, predicted_word and text_word.
        truths: The truth of the products that the audit has read; mismatches of other products are left out.

    Returns:
        `faults`, `found`, `recall`, `mismatches`, `true_mismatches`, `precision`, and under `by_sort` the faults, the
        found ones and the recall of each sort of fault. A ratio with the denominator 0 is None.
    """
    truth_of = {truth.product_id: truth for truth in truths}
    rows_of: dict[str, list[Mapping[str, Any]]] = {}
    for row in mismatches:
        if row["product_id"] in truth_of:
            rows_of.setdefault(row["product_id"], []).append(row)
    judged = [_is_true(row, truth_of[product_id]) for product_id, rows in rows_of.items() for row in rows]
    faults: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for product_id, truth in truth_of.items():
        if truth.fault is not None:
            faults[truth.fault.sort] += 1
            found[truth.fault.sort] += any(_points_to(row, truth.fault) for row in rows_of.get(product_id, []))
    return {
        "faults": faults.total(),
        "found": found.total(),
        "recall": _divide(found.total(), faults.total()),
        "mismatches": len(judged),
        "true_mismatches": sum(judged),
        "precision": _divide(sum(judged), len(judged)),
        "by_sort": {
            sort: {"faults": faults[sort], "found": found[sort], "recall": _divide(found[sort], faults[sort])}
            for sort in sorted(faults)
        },
    }


def format_detection(audit: Path) -> str:
    """Return one line with the recall and the precision in the folder of an audit with known truth."""
    detection = json.loads((audit / files.FAULT_DETECTION).read_text(encoding="utf-8"))
    sorts = ", ".join(
        f"{sort} {counts['found']} of {counts['faults']}" for sort, counts in detection["by_sort"].items()
    )
    return (
        f"audit: found {detection['found']} of {detection['faults']} injected faults ({sorts}); "
        f"{detection['true_mismatches']} of {detection['mismatches']} mismatches are true"
    )


def _is_true(row: Mapping[str, Any], truth: ProductTruth) -> bool:
    shown = {stem(word) for word in truth.shown_words}
    contradicts = row["text_word"] is None or stem(row["text_word"]) not in shown
    return stem(row["predicted_word"]) in shown and contradicts


def _points_to(row: Mapping[str, Any], fault: TextFault) -> bool:
    true, wrong = ({stem(word) for word in words} for words in (fault.true_words, fault.wrong_words))
    return stem(row["predicted_word"]) in true or (row["text_word"] is not None and stem(row["text_word"]) in wrong)


def _divide(numerator: int, denominator: int) -> float | None:
    return numerator / denominator if denominator else None
