"""The table "tags": words predicted from a photo of a never-seen product, against the words of its shop."""

import numpy as np

from weft.evaluation.bags import Bags, bags_of
from weft.evaluation.inputs import Inputs
from weft.evaluation.outcome import Outcome, Tagged
from weft.evaluation.rows import FINETUNE, FIT_WORDS, FROZEN, tags_row
from weft.evaluation.search import Bools, Ints, Search, rows_of
from weft.evaluation.word_scores import WordScores, by_neighbours, by_words, in_parts, top_words

WORDS_SHOWN = 8


def word_scorers(inputs: Inputs, rows: Ints, neighbours: int, search: Search) -> dict[str, WordScores]:
    """The rows of a table of words, each with its way to score the words of these photos."""
    frozen, finetuned = rows_of(inputs.photos.frozen, rows), rows_of(inputs.photos.finetuned, rows)
    training, words = inputs.training, inputs.words
    lenders = training.photos
    return {
        FROZEN: by_neighbours(
            frozen, rows_of(lenders.frozen, training.rows), training.bags, len(words.words), neighbours, search
        ),
        FIT_WORDS: by_words(frozen, words.fitted),
        FINETUNE: by_words(finetuned, words.finetuned),
        tags_row(neighbours): by_neighbours(
            finetuned, rows_of(lenders.finetuned, training.rows), training.bags, len(words.words), neighbours, search
        ),
    }


def score_tags(inputs: Inputs, tag_k: tuple[int, ...], neighbours: int, search: Search, outcome: Outcome) -> None:
    """Add the table "tags" over the test photos whose product has words in the vocabulary."""
    photos = inputs.photos
    test = photos.of_split("test")
    bags = bags_of(record.word_ids for record in photos.records(test))
    rows, truth = _with_words(test, bags)
    outcome.counts |= {"tagged_photos": len(rows), "test_photos_without_words": len(test) - len(rows)}
    if not len(rows):
        outcome.notes.append("tags are left out: no test photo has a word of the vocabulary")
        return
    longest = max(*tag_k, WORDS_SHOWN)
    outcome.tables["tags"] = {}
    for model, scores in word_scorers(inputs, rows, neighbours, search).items():
        predicted = np.concatenate([top_words(scores(part), longest) for part in in_parts(len(rows))])
        right = right_words(predicted, truth)
        outcome.tables["tags"][model] = {f"precision_at_{k}": float(right[:, :k].sum(1).mean() / k) for k in tag_k}
        if model == FINETUNE:
            outcome.tagged = Tagged(rows, predicted[:, :WORDS_SHOWN], right[:, :WORDS_SHOWN].sum(axis=1))


def right_words(predicted: Ints, truth: Bags) -> Bools:
    """Which predicted words are in the photo's bag.

    Args:
        predicted: (photos, k), word ids.
        truth: The bags of the same photos.
    """
    return np.array([np.isin(words, truth.of(photo)) for photo, words in enumerate(predicted)]).reshape(predicted.shape)


def _with_words(rows: Ints, bags: Bags) -> tuple[Ints, Bags]:
    """The photos that have words, and their bags."""
    kept = np.flatnonzero(bags.sizes() > 0)
    return rows[kept], bags_of(bags.of(int(photo)).tolist() for photo in kept)
