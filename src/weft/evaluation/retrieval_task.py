"""The retrieval tables: a query photo retrieves other photos of its product."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from weft.contracts.arrays import Ints, Matrix
from weft.contracts.search import Search
from weft.contracts.tables import FINETUNED, FINETUNED_WHITENED, FROZEN
from weft.evaluation.benchmark_results import BenchmarkResults
from weft.evaluation.inputs import EvalPhotos
from weft.evaluation.per_query_scores import PerQueryScores, Value, build_slice_columns, encoder_rows
from weft.evaluation.retrieval_metrics import (
    RankedLists,
    compute_query_metrics,
    count_positives,
    first_hit_ranks,
    rank_gallery,
    recall_all_upper_bound,
)

NUM_RETRIEVED_SHOWN = 8
"""Photos shown per query in the report; a ranked list has at least as many positions."""
MIN_LIST_LENGTH = 100
"""The least length of a ranked list, if the gallery allows: the rank of the first hit is known up to this position."""
INSHOP_TOP_K = (1, 10, 20, 30, 40, 50)
"""The k at which In-shop retrieval is published."""


@dataclass(frozen=True)
class _RetrievalTask:
    """One table: which photos search which gallery, and which metrics it holds."""

    table: str
    queries: Ints
    """(queries,): rows of the benchmark's photos."""
    gallery: Ints
    """(gallery,): rows of the benchmark's photos."""
    groups: Ints
    """(photos,): photos of the query's own group are neither retrieved nor positives."""
    recall_k: tuple[int, ...]
    recall_all_k: tuple[int, ...] = ()


def score_catalogue_retrieval(
    photos: EvalPhotos, fields: Mapping[str, str], top_k: tuple[int, ...], search: Search, results: BenchmarkResults
) -> None:
    """Add "retrieval": every test photo searches all other photos of the catalogue, of every split."""
    every_photo = np.arange(len(photos))
    task = _RetrievalTask("retrieval", photos.get_split_rows("test"), every_photo, every_photo, top_k)
    _add_table(task, photos, fields, search, results)


def score_cross_colour_retrieval(
    photos: EvalPhotos, fields: Mapping[str, str], top_k: tuple[int, ...], search: Search, results: BenchmarkResults
) -> None:
    """Add "retrieval_across_colours": only photos of the product in other colours can be retrieved.

    Photos of the queried products whose colour is unknown are not in the gallery, as they could have either colour.
    """
    colours = build_slice_columns(photos.iter_all_records(), {"colour": "colour"}).get("colour")
    if colours is None:
        results.notes.append("retrieval_across_colours is left out: no photo has a known colour")
        return
    has_colour = colours.codes >= 0
    test = photos.get_split_rows("test")
    queries = test[has_colour[test]]
    is_queried_product = np.isin(photos.products, photos.products[queries])
    gallery = np.flatnonzero(has_colour | ~is_queried_product)
    # A group is a product in one colour; each photo without a colour is its own group.
    product_colour = photos.products * (len(colours.values) + 1) + colours.codes
    _, groups = np.unique(np.where(has_colour, product_colour, -1 - np.arange(len(photos))), return_inverse=True)
    task = _RetrievalTask("retrieval_across_colours", queries, gallery, groups.astype(np.int64), top_k)
    _add_table(task, photos, fields, search, results)


def score_inshop_retrieval(
    photos: EvalPhotos, fields: Mapping[str, str], top_k: tuple[int, ...], search: Search, results: BenchmarkResults
) -> None:
    """Add "retrieval" of In-shop: split "query" searches the whole split "gallery", as the benchmark prescribes."""
    top_k = tuple(sorted({*INSHOP_TOP_K, *top_k}))
    queries, gallery = photos.get_split_rows("query"), photos.get_split_rows("gallery")
    task = _RetrievalTask("retrieval", queries, gallery, np.arange(len(photos)), top_k, recall_all_k=top_k)
    _add_table(task, photos, fields, search, results)


def _add_table(
    task: _RetrievalTask, photos: EvalPhotos, fields: Mapping[str, str], search: Search, results: BenchmarkResults
) -> None:
    num_positives = count_positives(photos.products, task.groups, task.queries, task.gallery)
    _add_counts(task, num_positives, results)
    if not (num_positives > 0).any():
        results.notes.append(
            f"{task.table} is left out: none of {len(num_positives):,} query photos has another photo of its product "
            "in the gallery"
        )
        return
    queries = task.queries[num_positives > 0]
    length = max(*task.recall_k, NUM_RETRIEVED_SHOWN, MIN_LIST_LENGTH, int(num_positives.max()))
    length = min(length, len(task.gallery))
    embeddings: dict[str, Matrix] = {FROZEN: photos.frozen, FINETUNED: photos.finetuned}
    if photos.whitening is not None:
        embeddings[FINETUNED_WHITENED] = photos.whitening.apply(photos.finetuned)
    ranked = {
        model: rank_gallery(z, photos.products, task.groups, queries, task.gallery, length, search)
        for model, z in embeddings.items()
    }
    results.tables[task.table] = _build_scores(task, photos, ranked, fields)
    if task.table == "retrieval":
        results.notes.append(
            "retrieval: queries without a positive are left out; a query never retrieves itself; ties keep the order "
            "of the gallery; head only equals frozen backbone by construction, since train_head keeps the encoder"
        )
        results.ranked_examples = {model: ranked[model] for model in (FROZEN, FINETUNED)}


def _add_counts(task: _RetrievalTask, num_positives: Ints, results: BenchmarkResults) -> None:
    prefix = "" if task.table == "retrieval" else f"{task.table.removeprefix('retrieval_')}_"
    results.counts |= {
        f"{prefix}queries": int((num_positives > 0).sum()),
        f"{prefix}queries_without_a_positive": int((num_positives == 0).sum()),
        f"{prefix}gallery_photos": len(task.gallery),
    }


def _build_scores(
    task: _RetrievalTask, photos: EvalPhotos, ranked: Mapping[str, RankedLists], fields: Mapping[str, str]
) -> PerQueryScores:
    metrics = {model: compute_query_metrics(lists, task.recall_k, task.recall_all_k) for model, lists in ranked.items()}
    ranks = {model: first_hit_ranks(lists.hits) for model, lists in ranked.items()}
    queries, num_positives = ranked[FROZEN].queries, ranked[FROZEN].num_positives
    return PerQueryScores(
        query_indices=queries,
        cluster_ids=photos.cluster_ids[queries],
        numerators=_order_rows(metrics),
        upper_bounds={f"recall_all_at_{k}": recall_all_upper_bound(num_positives, k) for k in task.recall_all_k},
        first_hit_ranks=_order_rows(ranks),
        slices=build_slice_columns(photos.iter_records(queries), fields),
    )


def _order_rows(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the rows of a table in their order; that of the whitened embeddings, where there is one, is the last."""
    return encoder_rows(values[FROZEN], values[FINETUNED]) | {
        model: value for model, value in values.items() if model == FINETUNED_WHITENED
    }
