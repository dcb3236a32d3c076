"""The tables of text as the query: words, and whole texts of products, that look for photos of never-seen products."""

from collections.abc import Mapping

import numpy as np

from weft.evaluation import retrieval_metrics
from weft.evaluation.bags import Bags, bags_of
from weft.evaluation.inputs import Inputs
from weft.evaluation.knn import Bools, Floats, Ints, Matrix, Search, rows_of
from weft.evaluation.outcome import Outcome
from weft.evaluation.results import BAND_NAMES, FINETUNE, FIT_WORDS, WORD_BAND, Facet, Scored, band_of, facets_of
from weft.evaluation.word_scores import Scores, WordScores, by_words, in_parts

MOST_WORDS = 1_000
MOST_SCORES = 50_000_000
"""Photos times words held at once: 200 MB; with more photos fewer words are asked."""
LEAST_PHOTOS = 5
"""A word that fewer test photos have, or lack, is not asked: there is next to nothing to find, or to miss."""


def score_words_to_photos(
    inputs: Inputs, scorers: Mapping[str, WordScores], top_k: tuple[int, ...], outcome: Outcome
) -> None:
    """Add "text_to_photo": every common word ranks the test photos; right are those whose product's text says it.

    Args:
        inputs: What is scored.
        scorers: From `score_tags.word_scorers`, of the test photos.
        top_k: The k of right_in_k, the share of the first k photos that are right.
        outcome: Takes the table.
    """
    photos = inputs.photos
    test = photos.of_split("test")
    bags = bags_of(record.word_ids for record in photos.records(test))
    words = asked_words(bags, len(inputs.words.words))
    outcome.counts["words_asked_for_photos"] = len(words)
    if not len(words):
        outcome.notes.append(f"text_to_photo is left out: no word is said of {LEAST_PHOTOS} test photos and not of all")
        return
    said = _says(bags, words)
    positives = said.sum(axis=1)
    gained: dict[str, dict[str, Floats]] = {}
    ranks: dict[str, Ints] = {}
    for model, scores in _by_cosine(inputs, test, scorers).items():
        hits = _ranked(_scores_of(scores, len(test), words), said)
        gained[model] = {f"right_in_{k}": retrieval_metrics.precision_at_k(hits, k) for k in top_k}
        gained[model]["map_at_r"] = retrieval_metrics.map_at_r(hits, positives)
        ranks[model] = retrieval_metrics.first_hit(hits) + 1
    bands = band_of(inputs.words.frequencies, inputs.training.products())
    outcome.tables["text_to_photo"] = Scored(
        photos=words,
        items=words,
        gained=gained,
        ceilings={f"right_in_{k}": float(np.minimum(positives, k).mean() / k) for k in top_k},
        ranks=ranks,
        facets={WORD_BAND: Facet(bands[words], BAND_NAMES)},
        of="words",
    )


def score_texts_to_products(
    inputs: Inputs, facets: Mapping[str, str], top_k: tuple[int, ...], search: Search, outcome: Outcome
) -> None:
    """Add "text_to_product": the words of each test product, as one query, look for its photos among all test photos.

    The query is the mean of the words' embeddings, as in `weft search`.
    """
    photos = inputs.photos
    test = photos.of_split("test")
    bags = bags_of(record.word_ids for record in photos.records(test))
    _, first = np.unique(photos.products[test], return_index=True)
    first = np.sort(first[bags.sizes()[first] > 0])
    if not len(first):
        return
    asked, products = test[first], photos.products[test]
    positives = np.array([(products == photos.products[row]).sum() for row in asked], np.int64)
    places = min(max(*top_k, int(positives.max())), len(test))
    gained, ranks = {}, {}
    for model, z, matrix in (
        (FIT_WORDS, photos.frozen, inputs.words.fitted),
        (FINETUNE, photos.finetuned, inputs.words.finetuned),
    ):
        queries = np.stack([matrix[bags.of(int(place))].mean(axis=0) for place in first])
        rows, _ = search(queries, rows_of(z, test), places)
        hits = retrieval_metrics.hits_of(rows, photos.products[asked], products)
        gained[model] = {f"recall_at_{k}": retrieval_metrics.recall_at_k(hits, k) for k in top_k}
        gained[model]["map_at_r"] = retrieval_metrics.map_at_r(hits, positives)
        ranks[model] = np.where(hits.any(axis=1), retrieval_metrics.first_hit(hits) + 1, 0)
    outcome.tables["text_to_product"] = Scored(
        photos=asked,
        items=photos.items[asked],
        gained=gained,
        ranks=ranks,
        facets=facets_of(photos.records(asked), facets),
    )


def asked_words(bags: Bags, words: int) -> Ints:
    """The words that enough of the photos have and enough lack, the commonest where they are too many; ascending."""
    counts = np.bincount(bags.words, minlength=words)
    fit = np.flatnonzero((counts >= LEAST_PHOTOS) & (len(bags) - counts >= LEAST_PHOTOS))
    most = min(MOST_WORDS, MOST_SCORES // max(len(bags), 1))
    return np.sort(fit[np.argsort(-counts[fit], kind="stable")[:most]])


def _by_cosine(inputs: Inputs, test: Ints, scorers: Mapping[str, WordScores]) -> dict[str, WordScores]:
    """The baseline as it is, and W by the cosine, as in `weft search`: a long z is not nearer to every word."""
    baseline = next(iter(scorers))
    words, photos = inputs.words, inputs.photos
    return {
        baseline: scorers[baseline],
        FIT_WORDS: by_words(_unit(rows_of(photos.frozen, test)), words.fitted),
        FINETUNE: by_words(_unit(rows_of(photos.finetuned, test)), words.finetuned),
    }


def _unit(z: Matrix) -> Matrix:
    long = np.asarray(z, np.float32)
    unit: Matrix = long / np.maximum(np.linalg.norm(long, axis=1, keepdims=True), 1e-12)
    return unit


def _scores_of(scores: WordScores, photos: int, words: Ints) -> Scores:
    return np.concatenate([scores(part)[:, words] for part in in_parts(photos)])


def _says(bags: Bags, words: Ints) -> Bools:
    """(words, photos): whether the text of the photo's product says the word."""
    place = np.full(int(bags.words.max(initial=-1)) + 1, -1)
    place[words] = np.arange(len(words))
    photo = np.repeat(np.arange(len(bags)), bags.sizes())
    asked = place[bags.words]
    said = np.zeros((len(words), len(bags)), np.bool_)
    said[asked[asked >= 0], photo[asked >= 0]] = True
    return said


def _ranked(scores: Scores, said: Bools) -> Bools:
    """(words, photos): hits of every word's ranking of the photos, ties by their order."""
    order = np.argsort(-scores.T, axis=1, kind="stable")
    return np.take_along_axis(said, order, axis=1)
