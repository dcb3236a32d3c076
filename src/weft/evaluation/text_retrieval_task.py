"""The tables of text queries: single words, and whole product texts, retrieve photos of held-out products."""

from collections.abc import Mapping

import numpy as np

from weft.bags import WordBags
from weft.contracts.arrays import Bools, Floats, Ints, Matrix, Scores
from weft.contracts.search import Search
from weft.contracts.tables import FINETUNED, FINETUNED_EQUAL_WORDS, HEAD_ONLY
from weft.evaluation import retrieval_metrics
from weft.evaluation.benchmark_results import BenchmarkResults
from weft.evaluation.inputs import EvalInputs
from weft.evaluation.knn import take_rows
from weft.evaluation.per_query_scores import (
    FREQUENCY_BAND_NAMES,
    WORD_FREQUENCY,
    PerQueryScores,
    SliceColumn,
    assign_frequency_bands,
    build_slice_columns,
)
from weft.evaluation.word_scorers import WordScorer, iter_chunks, linear_word_scores
from weft.ranking_metrics import map_at_r
from weft.whitening import to_unit_length
from weft.word_scores import average_query_words

MAX_QUERY_WORDS = 1_000
MAX_SCORES = 50_000_000
"""Photos times words held in memory at once, 200 MB; with more photos there are fewer query words."""
MIN_PHOTOS = 5
"""A word that fewer test photos have, or lack, is no query: its metrics would be noise."""


def score_text_to_photo(
    inputs: EvalInputs, scorers: Mapping[str, WordScorer], top_k: tuple[int, ...], results: BenchmarkResults
) -> None:
    """Add "text_to_photo": every common word ranks the test photos; photos whose product's text has it are positives.

    Args:
        inputs: The inputs of the evaluation.
        scorers: From `tagging_task.build_word_scorers`, of the test photos.
        top_k: The k of precision_at_k.
        results: Receives the table.
    """
    rows, bags = inputs.test_set.rows, inputs.test_set.bags
    words = choose_query_words(bags, len(inputs.words.words))
    results.counts["query_words"] = len(words)
    if not len(words):
        results.notes.append(
            f"text_to_photo is left out: no word is in the texts of at least {MIN_PHOTOS} test photos and missing from "
            f"those of at least {MIN_PHOTOS}"
        )
        return
    is_positive = _find_positives(bags, words)
    num_positives = is_positive.sum(axis=1)
    numerators: dict[str, dict[str, Floats]] = {}
    ranks: dict[str, Ints] = {}
    for model, scorer in _build_cosine_scorers(inputs, rows, scorers).items():
        hits = _rank_photos(_score_query_words(scorer, len(rows), words), is_positive)
        numerators[model] = {f"precision_at_{k}": retrieval_metrics.precision_at_k(hits, k) for k in top_k}
        numerators[model]["map_at_r"] = map_at_r(hits, num_positives)
        ranks[model] = retrieval_metrics.first_hit_ranks(hits)
    bands = assign_frequency_bands(inputs.words.document_frequencies, inputs.train_set.count_products())
    results.tables["text_to_photo"] = PerQueryScores(
        query_indices=words,
        cluster_ids=words,
        numerators=numerators,
        upper_bounds={f"precision_at_{k}": float(np.minimum(num_positives, k).mean() / k) for k in top_k},
        first_hit_ranks=ranks,
        slices={WORD_FREQUENCY: SliceColumn(bands[words], FREQUENCY_BAND_NAMES)},
        query_kind="words",
    )


def score_text_to_product(
    inputs: EvalInputs, fields: Mapping[str, str], top_k: tuple[int, ...], search: Search, results: BenchmarkResults
) -> None:
    """Add "text_to_product": the words of each test product, as one query, search all test photos for its photos.

    The query embedding is that of `weft search`: the mean of the words' embeddings, each weighted by how well photos
    show it. The last row gives all words the same weight. recall_at_k counts photos; product_recall_at_k counts each
    product once, at its best photo.
    """
    photos, test_set = inputs.photos, inputs.test_set
    test = photos.get_split_rows("test")
    _, first = np.unique(photos.products[test_set.rows], return_index=True)
    if not len(first):
        return
    first = np.sort(first)
    queries, products = test_set.rows[first], photos.products[test]
    num_positives = np.array([(products == photos.products[row]).sum() for row in queries], np.int64)
    length = min(max(*top_k, int(num_positives.max())), len(test))
    # This many photos show max(top_k) products, even if the first ones come with all their photos.
    product_length = min(max(top_k) * int(np.bincount(products).max()), len(test))
    numerators, ranks = {}, {}
    for model, z, w, weights in _list_text_searches(inputs):
        query_embeddings = np.stack([average_query_words(w, weights, test_set.bags[int(index)]) for index in first])
        rows, _ = search(query_embeddings, take_rows(z, test), max(length, product_length))
        product_ranks = rank_own_products(products[rows], photos.products[queries])
        hits = retrieval_metrics.find_hits(rows[:, :length], photos.products[queries], products)
        numerators[model] = {f"recall_at_{k}": retrieval_metrics.recall_at_k(hits, k) for k in top_k}
        numerators[model] |= {f"product_recall_at_{k}": np.asarray(product_ranks < k, np.float64) for k in top_k}
        numerators[model]["map_at_r"] = map_at_r(hits, num_positives)
        ranks[model] = retrieval_metrics.first_hit_ranks(hits)
    results.tables["text_to_product"] = PerQueryScores(
        query_indices=queries,
        cluster_ids=photos.cluster_ids[queries],
        numerators=numerators,
        first_hit_ranks=ranks,
        slices=build_slice_columns(photos.iter_records(queries), fields),
    )


def _list_text_searches(inputs: EvalInputs) -> list[tuple[str, Matrix, Scores, Scores]]:
    """Return the row, the photos' embeddings, the words' embeddings and the words' weights of each search by texts."""
    photos, words = inputs.photos, inputs.words
    searches = [
        (HEAD_ONLY, photos.frozen, words.head_w, words.query_weights),
        (FINETUNED, photos.finetuned, words.finetuned_w, words.query_weights),
    ]
    if len(np.unique(words.query_weights)) > 1:
        equal = np.ones_like(words.query_weights)
        searches.append((FINETUNED_EQUAL_WORDS, photos.finetuned, words.finetuned_w, equal))
    return searches


def rank_own_products(retrieved: Ints, products: Ints) -> Ints:
    """Return the rank of each query's product from 0, counting each product once, at its best photo.

    Args:
        retrieved: (queries, positions): the product of each retrieved photo, best first.
        products: (queries,): the query's product.

    Returns:
        (queries,); the number of positions where the query's product is not retrieved.
    """
    ranks = np.full(len(products), retrieved.shape[1], np.int64)
    for query, product in enumerate(products):
        distinct = np.fromiter(dict.fromkeys(retrieved[query].tolist()), np.int64)
        found = np.flatnonzero(distinct == product)
        if len(found):
            ranks[query] = found[0]
    return ranks


def choose_query_words(bags: WordBags, num_words: int) -> Ints:
    """Return the words that at least MIN_PHOTOS photos have and as many lack, ascending; at most the commonest."""
    counts = bags.count_words(num_words)
    eligible = np.flatnonzero((counts >= MIN_PHOTOS) & (len(bags) - counts >= MIN_PHOTOS))
    limit = min(MAX_QUERY_WORDS, MAX_SCORES // max(len(bags), 1))
    return np.sort(eligible[np.argsort(-counts[eligible], kind="stable")[:limit]])


def _build_cosine_scorers(inputs: EvalInputs, rows: Ints, scorers: Mapping[str, WordScorer]) -> dict[str, WordScorer]:
    """Return the baseline unchanged and W with L2-normalised z, as in `weft search`: the norm of z must not count."""
    baseline = next(iter(scorers))
    words, photos = inputs.words, inputs.photos
    return {
        baseline: scorers[baseline],
        HEAD_ONLY: linear_word_scores(to_unit_length(take_rows(photos.frozen, rows)), words.head_w),
        FINETUNED: linear_word_scores(to_unit_length(take_rows(photos.finetuned, rows)), words.finetuned_w),
    }


def _score_query_words(scorer: WordScorer, num_photos: int, words: Ints) -> Scores:
    """Return (photos, query words)."""
    return np.concatenate([scorer(chunk)[:, words] for chunk in iter_chunks(num_photos)])


def _find_positives(bags: WordBags, words: Ints) -> Bools:
    """Return whether each photo's bag holds each query word, (query words, photos)."""
    index_of = np.full(int(bags.words.max(initial=-1)) + 1, -1)
    index_of[words] = np.arange(len(words))
    photo, query = bags.owners(), index_of[bags.words]
    is_positive = np.zeros((len(words), len(bags)), np.bool_)
    is_positive[query[query >= 0], photo[query >= 0]] = True
    return is_positive


def _rank_photos(scores: Scores, is_positive: Bools) -> Bools:
    """Return the hits of every word's ranking of the photos, (query words, photos); ties keep the order of photos."""
    order = np.argsort(-scores.T, axis=1, kind="stable")
    return np.take_along_axis(is_positive, order, axis=1)
