"""The table "retrieval": a query photo searches for other photos of its product."""

import numpy as np

from weft.evaluation.aligned import Aligned
from weft.evaluation.outcome import Outcome
from weft.evaluation.retrieval import positives_of, rank, retrieval_row
from weft.evaluation.rows import FINETUNE, FROZEN, of_encoders
from weft.evaluation.search import Ints, Search

STRIP = 8
"""Photos shown for a query; a ranking is at least so long."""


def score_own_retrieval(photos: Aligned, top_k: tuple[int, ...], search: Search, outcome: Outcome) -> None:
    """Every test photo is a query; the gallery is all other photos of the catalogue, of every split."""
    everything = np.arange(len(photos))
    _score(photos, photos.of_split("test"), everything, top_k, (), search, outcome)


def score_inshop_retrieval(photos: Aligned, top_k: tuple[int, ...], search: Search, outcome: Outcome) -> None:
    """The split "query" searches the whole split "gallery", as the benchmark prescribes."""
    _score(photos, photos.of_split("query"), photos.of_split("gallery"), top_k, (1,), search, outcome)


def _score(
    photos: Aligned,
    queries: Ints,
    gallery: Ints,
    top_k: tuple[int, ...],
    fractions: tuple[int, ...],
    search: Search,
    outcome: Outcome,
) -> None:
    themselves = np.arange(len(photos))
    positives = positives_of(photos.products, themselves, queries, gallery)
    outcome.counts |= {
        "queries": int((positives > 0).sum()),
        "queries_without_a_positive": int((positives == 0).sum()),
        "gallery_photos": len(gallery),
    }
    if not (positives > 0).any():
        outcome.notes.append(
            f"retrieval is left out: of {len(queries):,} query photos none has another photo of its product to find"
        )
        return
    queries = queries[positives > 0]
    places = min(max(*top_k, STRIP, int(positives.max())), len(gallery))
    ranked = {
        model: rank(z, photos.products, themselves, queries, gallery, places, search)
        for model, z in ((FROZEN, photos.frozen), (FINETUNE, photos.finetuned))
    }
    rows = {model: retrieval_row(ranking, top_k, fractions) for model, ranking in ranked.items()}
    outcome.tables["retrieval"] = of_encoders(rows[FROZEN], rows[FINETUNE])
    outcome.notes.append(
        "retrieval: queries without a positive are left out; a query never finds itself; ties go by gallery order; "
        "after fit_words equals frozen backbone by construction, since fit_words leaves the encoder as it is"
    )
    outcome.strips = ranked
