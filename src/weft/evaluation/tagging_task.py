"""The table "tagging": words predicted for photos of held-out products, against the words of the products' texts."""

from collections.abc import Mapping

import numpy as np

from weft.bags import WordBags
from weft.contracts.arrays import Bools, Ints
from weft.contracts.search import Search
from weft.contracts.tables import FINETUNED, FROZEN, HEAD_ONLY
from weft.evaluation.benchmark_results import BenchmarkResults, TagPredictions
from weft.evaluation.inputs import EvalInputs
from weft.evaluation.knn import take_rows
from weft.evaluation.per_query_scores import (
    FREQUENCY_BAND_NAMES,
    WORD_FREQUENCY,
    PerQueryScores,
    assign_frequency_bands,
    build_slice_columns,
    knn_tags_row,
)
from weft.evaluation.retrieval_metrics import first_hit_ranks
from weft.evaluation.word_scorers import WordScorer, iter_chunks, knn_tag_transfer, linear_word_scores, top_words
from weft.word_scores import log_probabilities

NUM_WORDS_SHOWN = 8


def build_word_scorers(inputs: EvalInputs, rows: Ints, neighbours: int, search: Search) -> dict[str, WordScorer]:
    """Return the scorer of every row of a table of words, for the photos `rows`.

    The first and the last row are kNN tag transfer, the baseline; the two between use W.
    """
    frozen, finetuned = take_rows(inputs.photos.frozen, rows), take_rows(inputs.photos.finetuned, rows)
    words, train_set = inputs.words, inputs.train_set
    num_words = len(words.words)
    train_frozen = take_rows(train_set.photos.frozen, train_set.rows)
    train_finetuned = take_rows(train_set.photos.finetuned, train_set.rows)
    return {
        knn_tags_row(FROZEN, neighbours): knn_tag_transfer(
            frozen, train_frozen, train_set.bags, num_words, neighbours, search
        ),
        HEAD_ONLY: linear_word_scores(frozen, words.head_w, words.head_bias),
        FINETUNED: linear_word_scores(finetuned, words.finetuned_w, words.finetuned_bias),
        knn_tags_row(FINETUNED, neighbours): knn_tag_transfer(
            finetuned, train_finetuned, train_set.bags, num_words, neighbours, search
        ),
    }


def build_log_probability_scorers(
    inputs: EvalInputs, rows: Ints, neighbours: int, search: Search
) -> dict[str, WordScorer]:
    """Return the same scorers, of which those that use W give log-probabilities, up to a constant for each photo."""
    scorers = build_word_scorers(inputs, rows, neighbours, search)
    return scorers | {
        model: _to_log_probabilities(scorers[model], inputs.words.loss) for model in (HEAD_ONLY, FINETUNED)
    }


def _to_log_probabilities(scorer: WordScorer, loss: str) -> WordScorer:
    return lambda photos: log_probabilities(scorer(photos), loss)


def score_tagging(
    inputs: EvalInputs,
    scorers: Mapping[str, WordScorer],
    fields: Mapping[str, str],
    top_k: tuple[int, ...],
    results: BenchmarkResults,
) -> None:
    """Add "tagging" over the test photos whose product has words of the vocabulary.

    Args:
        inputs: The inputs of the evaluation.
        scorers: From `build_word_scorers`, of the test photos.
        fields: Slice to the key in `PhotoRecord.labels`.
        top_k: The k of precision_at_k.
        results: Receives the table.
    """
    photos, rows, truth = inputs.photos, inputs.test_set.rows, inputs.test_set.bags
    num_without_words = len(photos.get_split_rows("test")) - len(rows)
    results.counts |= {"tagged_photos": len(rows), "test_photos_without_words": num_without_words}
    if not len(rows):
        results.notes.append("tagging is left out: no test photo has a word of the vocabulary")
        return
    length = max(*top_k, NUM_WORDS_SHOWN)
    predicted = {
        model: np.concatenate([top_words(scorer(chunk), length) for chunk in iter_chunks(len(rows))])
        for model, scorer in scorers.items()
    }
    correct = {model: find_correct_words(words, truth) for model, words in predicted.items()}
    results.tables["tagging"] = PerQueryScores(
        query_indices=rows,
        cluster_ids=photos.cluster_ids[rows],
        numerators={
            model: {f"precision_at_{k}": hits[:, :k].sum(1) / k for k in top_k} for model, hits in correct.items()
        },
        upper_bounds={f"precision_at_{k}": float(np.minimum(truth.sizes, k).mean() / k) for k in top_k},
        first_hit_ranks={model: first_hit_ranks(hits) for model, hits in correct.items()},
        slices=build_slice_columns(photos.iter_records(rows), fields),
    )
    bands = assign_frequency_bands(inputs.words.document_frequencies, inputs.train_set.count_products())
    for band, name in enumerate(FREQUENCY_BAND_NAMES):
        scores = _score_band(bands == band, predicted, correct, truth, max(top_k), results.tables["tagging"])
        if scores is not None:
            results.extra_slices["tagging", WORD_FREQUENCY, name] = scores
    shown = slice(0, NUM_WORDS_SHOWN)
    quality = correct[FINETUNED][:, shown].sum(axis=1)
    results.tag_predictions = TagPredictions(rows, predicted[FINETUNED][:, shown], quality, truth)


def find_correct_words(predicted: Ints, truth: WordBags) -> Bools:
    """Return which predicted words are in the photo's bag.

    Args:
        predicted: (photos, k): word ids.
        truth: The bags of the same photos.
    """
    return np.array([np.isin(words, truth[photo]) for photo, words in enumerate(predicted)]).reshape(predicted.shape)


def _score_band(
    is_in_band: Bools,
    predicted: Mapping[str, Ints],
    correct: Mapping[str, Bools],
    truth: WordBags,
    k: int,
    table: PerQueryScores,
) -> PerQueryScores | None:
    """Return the recall_at_k of the words of one frequency band: the share of the texts' words among the first k.

    None where no text contains a word of the band. `is_in_band` is (words,).
    """
    counts = np.bincount(truth.owners(), is_in_band[truth.words].astype(np.float64), minlength=len(truth))
    num_true = np.asarray(counts, np.float64)
    if not num_true.any():
        return None
    metric = f"recall_at_{k}"
    numerators = {
        model: {metric: (correct[model][:, :k] & is_in_band[words[:, :k]]).sum(axis=1).astype(np.float64)}
        for model, words in predicted.items()
    }
    upper_bound = float(np.minimum(num_true, k).sum() / num_true.sum())
    return PerQueryScores(table.query_indices, table.cluster_ids, numerators, {metric: num_true}, {metric: upper_bound})
