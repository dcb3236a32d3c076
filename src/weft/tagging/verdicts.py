"""Verdicts of people on the words of products: the file verdicts.tsv, which the stages calibrate and audit read."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from types import MappingProxyType

from weft import tables
from weft.contracts.tagging import ACCEPTED, CONTRADICTED, MISSING, REJECTED, TAG, VERDICT_COLUMNS
from weft.errors import ContractError, InputError
from weft.tagging.word_relations import stem

KINDS = (CONTRADICTED, MISSING, TAG)
_JUDGED_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_UNWRITABLE = re.compile(r"[\t\n\r\x00]")


@dataclass(frozen=True, order=True)
class JudgedCase:
    """What a person judges: whether the photos of a product show a word, and so contradict a word of its text."""

    kind: str
    """`contradicted` or `missing` for a mismatch of the audit; `tag` for a tag that was drawn at random."""
    product_id: str
    predicted_word: str
    """The word that the photos show according to the model."""
    text_word: str = ""
    """The word of the text; empty unless the kind is `contradicted`."""

    def __post_init__(self) -> None:
        """Refuse what a line of the file cannot hold.

        Raises:
            InputError: A value is unknown, missing, or has a tab or a line break.
        """
        if self.kind not in KINDS:
            raise InputError(f"kind: expected {', '.join(KINDS)}, got {self.kind[:50]!r}")
        for name in ("product_id", "predicted_word", "text_word"):
            value = getattr(self, name)
            if _UNWRITABLE.search(value):
                raise InputError(f"{name}: expected no tab and no line break, got {value[:50]!r}")
            if bool(value.strip()) != (name != "text_word" or self.kind == CONTRADICTED):
                raise InputError(f"{name}: expected a word only for the kinds that have one, got {value[:50]!r}")


@dataclass(frozen=True)
class Verdict:
    """The answer of a person."""

    is_accepted: bool
    """Whether the model is right: the photos show the predicted word, and contradict the text word."""
    judged_at: str
    """The time in UTC, such as 2026-11-28T13:40:00Z: of two verdicts on one case the newer counts."""


Verdicts = Mapping[JudgedCase, Verdict]
NO_VERDICTS: Verdicts = MappingProxyType({})


def read_verdicts(path: Path) -> dict[JudgedCase, Verdict]:
    """Read verdicts.tsv.

    Raises:
        ContractError: The file is missing, or a line is not as `format_verdicts` writes it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{path}: cannot be read: {error}; `weft verdicts` writes this file") from error
    lines = csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    try:
        header = next(lines, [])
        if tuple(header) != VERDICT_COLUMNS:
            raise InputError(f"expected the columns {', '.join(VERDICT_COLUMNS)}, got {', '.join(header)[:200]}")
        verdicts: dict[JudgedCase, Verdict] = {}
        for cells in filter(None, lines):
            case, verdict = _read_line(cells)
            if case in verdicts:
                raise InputError("expected one verdict for each case, got a second one")
            verdicts[case] = verdict
    except (InputError, csv.Error) as error:
        raise ContractError(f"{path}, line {max(1, lines.line_num)}: {error}; correct or delete the line") from error
    return verdicts


def _read_line(cells: list[str]) -> tuple[JudgedCase, Verdict]:
    if len(cells) != len(VERDICT_COLUMNS):
        raise InputError(f"expected {len(VERDICT_COLUMNS)} columns, got {len(cells)}")
    *case, verdict, judged_at = cells
    if verdict not in (ACCEPTED, REJECTED):
        raise InputError(f"verdict: expected {ACCEPTED} or {REJECTED}, got {verdict[:50]!r}")
    if not _JUDGED_AT.fullmatch(judged_at):
        raise InputError(f"judged_at: expected a time such as 2026-11-28T13:40:00Z, got {judged_at[:50]!r}")
    return JudgedCase(*case), Verdict(verdict == ACCEPTED, judged_at)


def format_verdicts(verdicts: Verdicts) -> str:
    """Return the text of verdicts.tsv, sorted by case, so that equal verdicts are equal files."""
    lines = [VERDICT_COLUMNS]
    for case in sorted(verdicts):
        verdict = verdicts[case]
        lines.append((*astuple(case), ACCEPTED if verdict.is_accepted else REJECTED, verdict.judged_at))
    return "".join("\t".join(line) + "\n" for line in lines)


def write_verdicts(path: Path, verdicts: Verdicts) -> None:
    """Write verdicts.tsv atomically."""
    tables.write_text(path, format_verdicts(verdicts))


class JudgedWords:
    """The words of products that people judged, so that the audit leaves them out and counts them."""

    def __init__(self, cases: Iterable[JudgedCase] = ()) -> None:
        self._text_words: set[tuple[str, str]] = set()
        self._predicted_words: set[tuple[str, str]] = set()
        self._left_out: set[tuple[str, str, bool]] = set()
        for case in cases:
            self._predicted_words.add((case.product_id, stem(case.predicted_word)))
            if case.kind == CONTRADICTED:
                self._text_words.add((case.product_id, stem(case.text_word)))

    @property
    def num_left_out(self) -> int:
        """How many doubtful words of products `leaves_out` has found."""
        return len(self._left_out)

    def leaves_out(self, product_id: str, predicted_word: str, text_word: str | None) -> bool:
        """Return whether people judged the doubtful word of a mismatch; plurals and spellings count as one word.

        The doubtful word is the text word of a contradiction, whatever the photos show instead, and else the predicted
        word.
        """
        doubtful = (product_id, stem(predicted_word if text_word is None else text_word))
        is_judged = doubtful in (self._predicted_words if text_word is None else self._text_words)
        if is_judged:
            self._left_out.add((*doubtful, text_word is None))
        return is_judged
