"""The table "tags": words predicted from a photo of a never-seen product, against the words of its shop."""

from collections.abc import Mapping

import numpy as np

from weft.evaluation.bags import Bags, bags_of
from weft.evaluation.inputs import Inputs
from weft.evaluation.knn import Bools, Floats, Ints, Search, rows_of
from weft.evaluation.outcome import Outcome, Tagged
from weft.evaluation.results import (
    BAND_NAMES,
    FINETUNE,
    FIT_WORDS,
    FROZEN,
    WORD_BAND,
    Scored,
    band_of,
    facets_of,
    neighbours_row,
)
from weft.evaluation.retrieval_metrics import first_hit
from weft.evaluation.word_scores import WordScores, by_neighbours, by_words, in_parts, top_words

WORDS_SHOWN = 8


def word_scorers(inputs: Inputs, rows: Ints, neighbours: int, search: Search) -> dict[str, WordScores]:
    """The rows of a table of words, each with its way to score the words of these photos.

    The first and last are tag transfer, the baseline; the two between are W. No row mixes the two.
    """
    frozen, finetuned = rows_of(inputs.photos.frozen, rows), rows_of(inputs.photos.finetuned, rows)
    training, words = inputs.training, inputs.words
    lenders, count = training.photos, len(words.words)
    lent = [rows_of(z, training.rows) for z in (lenders.frozen, lenders.finetuned)]
    return {
        neighbours_row(FROZEN, neighbours): by_neighbours(frozen, lent[0], training.bags, count, neighbours, search),
        FIT_WORDS: by_words(frozen, words.fitted, words.fitted_bias),
        FINETUNE: by_words(finetuned, words.finetuned, words.finetuned_bias),
        neighbours_row(FINETUNE, neighbours): by_neighbours(
            finetuned, lent[1], training.bags, count, neighbours, search
        ),
    }


def score_tags(
    inputs: Inputs,
    scorers: Mapping[str, WordScores],
    facets: Mapping[str, str],
    tag_k: tuple[int, ...],
    outcome: Outcome,
) -> None:
    """Add the table "tags" over the test photos whose product has words in the vocabulary.

    Args:
        inputs: What is scored.
        scorers: From `word_scorers`, of the test photos.
        facets: By what the table is told apart.
        tag_k: The k of precision_at_k.
        outcome: Takes the table.
    """
    photos = inputs.photos
    test = photos.of_split("test")
    kept, truth = _with_words(bags_of(record.word_ids for record in photos.records(test)))
    rows = test[kept]
    outcome.counts |= {"tagged_photos": len(rows), "test_photos_without_words": len(test) - len(rows)}
    if not len(rows):
        outcome.notes.append("tags are left out: no test photo has a word of the vocabulary")
        return
    longest = max(*tag_k, WORDS_SHOWN)
    predicted = {
        model: np.concatenate([top_words(scores(part), longest) for part in in_parts(len(test))])[kept]
        for model, scores in scorers.items()
    }
    right = {model: right_words(words, truth) for model, words in predicted.items()}
    outcome.tables["tags"] = Scored(
        photos=rows,
        items=photos.items[rows],
        gained={model: {f"precision_at_{k}": hits[:, :k].sum(1) / k for k in tag_k} for model, hits in right.items()},
        ceilings={f"precision_at_{k}": float(np.minimum(truth.sizes(), k).mean() / k) for k in tag_k},
        ranks={model: np.where(hits.any(1), first_hit(hits) + 1, 0) for model, hits in right.items()},
        facets=facets_of(photos.records(rows), facets),
    )
    bands = band_of(inputs.words.frequencies, inputs.training.products())
    for band, name in enumerate(BAND_NAMES):
        part = _of_band(band, bands, predicted, right, truth, max(tag_k), outcome.tables["tags"])
        if part is not None:
            outcome.parts["tags", WORD_BAND, name] = part
    shown = slice(0, WORDS_SHOWN)
    best = right[FINETUNE][:, shown].sum(axis=1)
    outcome.tagged = Tagged(rows, predicted[FINETUNE][:, shown], best)


def right_words(predicted: Ints, truth: Bags) -> Bools:
    """Which predicted words are in the photo's bag.

    Args:
        predicted: (photos, k), word ids.
        truth: The bags of the same photos.
    """
    return np.array([np.isin(words, truth.of(photo)) for photo, words in enumerate(predicted)]).reshape(predicted.shape)


def _of_band(
    band: int,
    bands: Ints,
    predicted: Mapping[str, Ints],
    right: Mapping[str, Bools],
    truth: Bags,
    k: int,
    whole: Scored,
) -> Scored | None:
    """The share of the shop's words of one band that are among the first k predicted; None where it says none."""
    owner = np.repeat(np.arange(len(truth)), truth.sizes())
    said: Floats = np.asarray(
        np.bincount(owner, (bands[truth.words] == band).astype(np.float64), minlength=len(truth)), np.float64
    )
    if not said.any():
        return None
    metric = f"found_at_{k}"
    found = {
        model: {metric: (right[model][:, :k] & (bands[words[:, :k]] == band)).sum(axis=1).astype(np.float64)}
        for model, words in predicted.items()
    }
    ceiling = float(np.minimum(said, k).sum() / said.sum())
    return Scored(whole.photos, whole.items, found, {metric: said}, {metric: ceiling})


def _with_words(bags: Bags) -> tuple[Ints, Bags]:
    """The places of the photos that have words, and their bags."""
    kept = np.flatnonzero(bags.sizes() > 0)
    return kept, bags_of(bags.of(int(photo)).tolist() for photo in kept)
