"""The tables of retrieval: a query photo searches for other photos of its product."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from weft.evaluation.inputs import Aligned
from weft.evaluation.knn import Ints, Search
from weft.evaluation.outcome import Outcome
from weft.evaluation.results import FINETUNE, FROZEN, Scored, facets_of, of_encoders
from weft.evaluation.retrieval_metrics import (
    Ranking,
    first_ranks,
    hit_fraction_ceiling,
    positives_of,
    rank,
    retrieval_gains,
)

STRIP = 8
"""Photos shown for a query; a ranking is at least so long."""
LISTED = 100
"""A list is at least so long where the gallery is: how far down the first hit lies is told up to there."""
INSHOP_TOP_K = (1, 10, 20, 30, 40, 50)
"""The k at which In-shop retrieval is published."""


@dataclass(frozen=True)
class _Question:
    """Who searches what."""

    queries: Ints
    gallery: Ints
    groups: Ints
    """(photos,): a query finds no photo of its own group, nor is one its positive."""


def score_own_retrieval(
    photos: Aligned, facets: Mapping[str, str], top_k: tuple[int, ...], search: Search, outcome: Outcome
) -> None:
    """Every test photo is a query; the gallery is all other photos of the catalogue, of every split."""
    everything = np.arange(len(photos))
    question = _Question(photos.of_split("test"), everything, everything)
    _score("retrieval", photos, question, facets, top_k, (), search, outcome)


def score_across_colours(
    photos: Aligned, facets: Mapping[str, str], top_k: tuple[int, ...], search: Search, outcome: Outcome
) -> None:
    """The same, asked for other colours of the product alone: photos of the query's own colour cannot be found.

    Photos of these products whose colour the shop does not tell are not in the gallery: they could be of either.
    """
    colours = facets_of(photos.all_records(), {"colour": "colour"}).get("colour")
    if colours is None:
        outcome.notes.append("retrieval_across_colours is left out: the shop tells no photo's colour")
        return
    known = colours.codes >= 0
    test = photos.of_split("test")
    asked = np.isin(photos.products, photos.products[test[known[test]]])
    gallery = np.flatnonzero(known | ~asked)
    # Rows without a colour are each their own group.
    own = np.where(known, photos.products * (len(colours.names) + 1) + colours.codes, -1 - np.arange(len(photos)))
    _, groups = np.unique(own, return_inverse=True)
    question = _Question(test[known[test]], gallery, groups.astype(np.int64))
    _score("retrieval_across_colours", photos, question, facets, top_k, (), search, outcome)


def score_inshop_retrieval(
    photos: Aligned, facets: Mapping[str, str], top_k: tuple[int, ...], search: Search, outcome: Outcome
) -> None:
    """The split "query" searches the whole split "gallery" by item, as the benchmark prescribes: nothing is masked."""
    top_k = tuple(sorted({*INSHOP_TOP_K, *top_k}))
    question = _Question(photos.of_split("query"), photos.of_split("gallery"), np.arange(len(photos)))
    _score("retrieval", photos, question, facets, top_k, top_k, search, outcome)


def _score(
    table: str,
    photos: Aligned,
    question: _Question,
    facets: Mapping[str, str],
    top_k: tuple[int, ...],
    fractions: tuple[int, ...],
    search: Search,
    outcome: Outcome,
) -> None:
    positives = positives_of(photos.products, question.groups, question.queries, question.gallery)
    _count(table, positives, len(question.gallery), outcome)
    if not (positives > 0).any():
        outcome.notes.append(
            f"{table} is left out: of {len(positives):,} query photos none has another photo of its product to find"
        )
        return
    queries = question.queries[positives > 0]
    places = min(max(*top_k, STRIP, LISTED, int(positives.max())), len(question.gallery))
    ranked = {
        model: rank(z, photos.products, question.groups, queries, question.gallery, places, search)
        for model, z in ((FROZEN, photos.frozen), (FINETUNE, photos.finetuned))
    }
    outcome.tables[table] = _scored(photos, ranked, facets, top_k, fractions)
    if table == "retrieval":
        outcome.notes.append(
            "retrieval: queries without a positive are left out; a query never finds itself; ties go by gallery order; "
            "after fit_words equals frozen backbone by construction, since fit_words leaves the encoder as it is"
        )
        outcome.strips = ranked


def _count(table: str, positives: Ints, gallery: int, outcome: Outcome) -> None:
    prefix = "" if table == "retrieval" else f"{table.removeprefix('retrieval_')}_"
    outcome.counts |= {
        f"{prefix}queries": int((positives > 0).sum()),
        f"{prefix}queries_without_a_positive": int((positives == 0).sum()),
        f"{prefix}gallery_photos": gallery,
    }


def _scored(
    photos: Aligned,
    ranked: Mapping[str, Ranking],
    facets: Mapping[str, str],
    top_k: tuple[int, ...],
    fractions: tuple[int, ...],
) -> Scored:
    gains = {model: retrieval_gains(of, top_k, fractions) for model, of in ranked.items()}
    ranks = {model: first_ranks(of) for model, of in ranked.items()}
    one = ranked[FROZEN]
    return Scored(
        photos=one.queries,
        items=photos.items[one.queries],
        gained=of_encoders(gains[FROZEN], gains[FINETUNE]),
        ceilings={f"hit_fraction_at_{k}": hit_fraction_ceiling(one.positives, k) for k in fractions},
        ranks=of_encoders(ranks[FROZEN], ranks[FINETUNE]),
        facets=facets_of(photos.records(one.queries), facets),
    )
