"""The first screen of the page: what the model does for the shop, and first where training did not help."""

from collections.abc import Sequence
from dataclasses import dataclass

from weft.contracts.tables import FINETUNED
from weft.report.audit import Mismatches
from weft.report.calibration import Calibration
from weft.report.changes import Change, find_extremes, list_changes
from weft.report.examples import Examples, RankedExample, RankedPhoto
from weft.report.number_forms import drop_plurals
from weft.report.plain_words import PlainSentence, choose_metric, describe_change, describe_losses
from weft.report.provenance import Provenance
from weft.report.tables import Results

MAX_STRIPS = 3
MAX_STRIP_PHOTOS = 5
MAX_TRUSTED_WORDS = 20
_SEARCH_TABLES = ("retrieval", "text_to_photo")
"""The tables of which the first screen has a sentence, in this order."""


@dataclass(frozen=True)
class Strip:
    """One query and the first photos that the finetuned model finds."""

    query: RankedExample
    photos: tuple[RankedPhoto, ...]


@dataclass(frozen=True)
class FirstScreen:
    """The content of the first screen."""

    problems: tuple[str, ...]
    """Sentences about training that did not help."""
    losses: tuple[PlainSentence, ...]
    """What got worse, one sentence per table, the largest loss first."""
    search: tuple[PlainSentence, ...]
    """How well the model finds products."""
    strips: tuple[Strip, ...]
    strips_reader: str
    """The reader of the benchmark of the strips."""
    trusted_words: tuple[str, ...]
    """At most MAX_TRUSTED_WORDS words that have a threshold, the most frequent tags first, plurals left out."""
    n_trusted_words: int
    """All words that have a threshold, plurals left out."""
    precise_tags: str
    """How many of 100 tags on test are in the texts: "90"; empty where there is no tag."""
    n_doubtful_products: int
    """Products of which the audit lists a mismatch."""
    best: Change | None
    worst: Change | None
    """The changes with the largest rise and the largest fall of all tables."""


def build_first_screen(
    benchmarks: Sequence[tuple[Results, Examples]],
    provenance: Provenance,
    calibration: Calibration,
    mismatches: Mismatches,
) -> FirstScreen:
    """Choose what the first screen shows.

    Args:
        benchmarks: Results and examples in the order of the page.
        provenance: The kept epoch is read.
        calibration: The trusted words are read.
        mismatches: The number of doubtful products is read.
    """
    changes = list_changes([results for results, _ in benchmarks])
    search = _choose_search_changes(changes)
    extremes = find_extremes(changes)
    words = drop_plurals(word.word for word in calibration.calibrated)
    strips, reader = _choose_strips(benchmarks)
    precision = calibration.totals.get("precision")
    return FirstScreen(
        problems=describe_problems(provenance, changes),
        losses=tuple(describe_losses(changes)),
        search=tuple(describe_change(change) for change in search),
        strips=strips,
        strips_reader=reader,
        trusted_words=tuple(words[:MAX_TRUSTED_WORDS]),
        n_trusted_words=len(words),
        precise_tags="" if precision is None else f"{100 * precision:.0f}",
        n_doubtful_products=mismatches.n_products,
        best=extremes and extremes[0],
        worst=extremes and extremes[1],
    )


def _choose_search_changes(changes: Sequence[Change]) -> list[Change]:
    """Return one metric of each search table of the own catalogue, or of the first benchmark that has such a table."""
    with_search = [change for change in changes if change.table in _SEARCH_TABLES]
    with_search.sort(key=lambda change: change.reader != "catalogue")
    benchmark = with_search[0].benchmark if with_search else ""
    chosen = [
        choose_metric(change for change in with_search if (change.benchmark, change.table) == (benchmark, table))
        for table in _SEARCH_TABLES
    ]
    return [change for change in chosen if change is not None]


def describe_problems(provenance: Provenance, changes: Sequence[Change]) -> tuple[str, ...]:
    """Return sentences that say where training did not help; none where it did.

    Args:
        provenance: The kept epoch is read.
        changes: Of all tables.
    """
    search = _choose_search_changes(changes)
    if provenance.kept_epoch == 0:
        return (
            "Training did not help: no epoch was better than the network before training, so the untrained network was "
            "kept. All results “after training” are those of the untrained network.",
        )
    if not provenance.has_improved:
        return (
            "Training did not help: the network that was kept is no better on the products set aside for checking than "
            "it was before training.",
        )
    if search and search[0].verdict != "gain" and search[0].difference <= 0:
        return ("Training did not improve the search by photo.",)
    return ()


def _choose_strips(benchmarks: Sequence[tuple[Results, Examples]]) -> tuple[tuple[Strip, ...], str]:
    """Return a few typical queries; benchmarks with product retrieval are preferred to benchmarks with labels."""
    for results, examples in sorted(benchmarks, key=lambda one: "retrieval" not in one[0].tables):
        if examples.ranked:
            queries = (examples.typical_ranked or examples.ranked)[:MAX_STRIPS]
            return tuple(Strip(query, _finetuned_photos(query)) for query in queries), results.reader
    return (), ""


def _finetuned_photos(query: RankedExample) -> tuple[RankedPhoto, ...]:
    by_model = dict(query.ranked_lists)
    return by_model.get(FINETUNED, query.ranked_lists[-1][1])[:MAX_STRIP_PHOTOS]
