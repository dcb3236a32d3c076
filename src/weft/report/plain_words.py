"""The results in plain words, for readers who do not know the terms of the field."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from weft.contracts.tables import FROZEN, HEAD_ONLY
from weft.report.changes import Change
from weft.report.glossary import metric_name, table_title

_NUMBER_WORDS = {5: "five", 10: "ten", 20: "twenty", 30: "thirty", 50: "fifty", 100: "hundred"}
_PREFERRED_K = 10
_SENTENCES: tuple[tuple[str, str, str, str, str], ...] = (
    # (Table, metric, text before the number, unit of the number, text after it); {first} and {k} depend on the metric.
    (
        "retrieval_across_colours",
        r"recall_at_(\d+)",
        "Shown a photo, the same product in another colour is {first} ",
        "times of 100",
        "",
    ),
    ("retrieval", r"recall_at_(\d+)", "Shown a photo, the right product is {first} ", "times of 100", ""),
    (
        "text_to_product",
        r"recall_at_(\d+)",
        "Given all words of a product’s text, a photo of this product is {first} ",
        "times of 100",
        "",
    ),
    (
        "text_to_photo",
        r"precision_at_(\d+)",
        "Of the first {k} photos that it finds for one word, ",
        "of 100",
        " belong to products whose text has the word",
    ),
    (
        "tagging",
        r"precision_at_(\d+)",
        "Of the first {k} words that it predicts for a photo, ",
        "of 100",
        " are in the product’s text",
    ),
    (
        "zero_shot/",
        r"top_(\d+)_accuracy",
        "Asked for the label of a photo without having learned any label, the right one is {first} ",
        "times of 100",
        "",
    ),
)


@dataclass(frozen=True)
class PlainSentence:
    """One result as a sentence: `start`, `number` in bold, `end`, and in brackets the value before training."""

    start: str
    number: str
    """ "97 times of 100"."""
    end: str
    before: str
    """ "73 before training"."""
    verdict: str
    """"gain", "loss" or "", as in the tables."""

    def __str__(self) -> str:
        return f"{self.start}{self.number}{self.end} ({self.before})."


def describe_change(change: Change, has_other_benchmarks: bool = False) -> PlainSentence:
    """Return a sentence about one metric; the terms of the tables are used where there is no sentence for it.

    Args:
        change: The metric before and after training.
        has_other_benchmarks: Whether the sentence must name its benchmark.
    """
    start, unit, end = _find_sentence(change)
    if has_other_benchmarks:
        start = f"{change.benchmark}: {start[:1].lower()}{start[1:]}"
    before = f"{_per_hundred(change.before)} {_describe_baseline(change.baseline)}"
    return PlainSentence(start, f"{_per_hundred(change.after)} {unit}", end, before, change.verdict)


def choose_metric(changes: Iterable[Change]) -> Change | None:
    """Return the change of the metric that is easiest to say: its k is nearest to ten. None without such a metric."""
    spoken = [change for change in changes if _get_k(change.metric)]
    return min(spoken, key=lambda change: (abs(_get_k(change.metric) - _PREFERRED_K), change.metric), default=None)


def describe_losses(changes: Sequence[Change]) -> list[PlainSentence]:
    """Return one sentence for each table in which a metric of the finetuned model is worse than that of the first row.

    Of several losses of a table, the one that is easiest to say stands for all.
    """
    has_other_benchmarks = len({change.benchmark for change in changes}) > 1
    by_table: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        if change.verdict == "loss":
            by_table.setdefault((change.benchmark, change.table), []).append(change)
    spoken = [choose_metric(losses) or min(losses, key=_get_difference) for losses in by_table.values()]
    return [describe_change(change, has_other_benchmarks) for change in sorted(spoken, key=_get_difference)]


def _get_difference(change: Change) -> float:
    return change.difference


def _find_sentence(change: Change) -> tuple[str, str, str]:
    """Return the text before the number, the unit and the text after it."""
    found = _match(change)
    if found is None:
        return f"{table_title(change.table)}, {metric_name(change.metric)}: ", "of 100", ""
    _, _, start, unit, end = found
    k = _get_k(change.metric)
    words = {
        "k": _NUMBER_WORDS.get(k, f"{k:,}"),
        "first": "the first result" if k == 1 else f"among the first {_NUMBER_WORDS.get(k, f'{k:,}')}",
    }
    return start.format(**words), unit, end.format(**words)


def _match(change: Change) -> tuple[str, str, str, str, str] | None:
    return next(
        (
            entry
            for entry in _SENTENCES
            if (change.table == entry[0] or (entry[0].endswith("/") and change.table.startswith(entry[0])))
            and re.fullmatch(entry[1], change.metric)
        ),
        None,
    )


def _get_k(metric: str) -> int:
    """Return the number in the name of a metric such as recall_at_10; 0 where it has none."""
    found = re.search(r"_(?:at_)?(\d+)", metric)
    return int(found[1]) if found else 0


def _per_hundred(share: float) -> str:
    return f"{100 * share:.0f}"


def _describe_baseline(row: str) -> str:
    if row == FROZEN:
        return "before training"
    if row == HEAD_ONLY:
        return "before the image network was trained"
    if row.startswith(FROZEN):
        return "without training, by copying the words of similar photos"
    return f"in the row “{row}”"
