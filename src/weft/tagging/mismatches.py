"""Detection of mismatches between texts and photos.

A word is *missing* where the photos of a product show it and its text lacks it. A word of the text is *contradicted*
where the photos show a word that excludes it. Only words of short fields (title, categories, colour, attributes) can
be contradicted: a word there says what the product is.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import scipy.sparse as sparse

from weft import tables
from weft.contracts.arrays import Bools, Floats, Ints, Scores
from weft.contracts.tables import PRODUCTS
from weft.errors import ContractError
from weft.tagging.tag_scores import EmbeddedCatalogue, WordHead, product_scores
from weft.tagging.thresholds import CalibratedWords
from weft.tagging.word_relations import WordRelationFinder, contains_none
from weft.word_scores import log_partition, roc_auc

MISSING, CONTRADICTED = "missing", "contradicted"
_CELLS_PER_BLOCK = 8_000_000
NEVER_CONTRADICTED = ("unisex",)
"""Words about who may wear a product: no photo can contradict them."""
MAX_CANDIDATES_PER_WORD = 500
"""Only the candidates with the highest scores are kept: more of them point to another problem than single products."""
MIN_AUC = 0.95
"""A text word is contradicted only where photos can tell the two words apart: the ROC AUC between the products with
the one word and the products with the other."""
MAX_PERCENTILE = 0.05
"""A text word is contradicted where at most this share of the products with the same word match it even less."""
MIN_TAG_SHARE = 0.2
"""A word is a tag where at least this share of the products that contain it have it in a short field ..."""
MIN_TAG_PRODUCTS = 10
"""... and at least this many products do. "Dashboard" is in the care text of sunglasses and in no title."""


@dataclass(frozen=True)
class Mismatch:
    """A word that the text of a product lacks, or one that its photos contradict."""

    kind: str
    product: int
    predicted_word: int
    """The word_id of the word that the photos show."""
    calibrated_index: int
    """The position of the predicted word in `CalibratedWords`."""
    score: float
    """Log-probability of the predicted word."""
    threshold: float
    text_word: int | None = None
    """The word_id of the contradicted word."""
    text_word_score: float = 0.0
    text_word_percentile: float = 0.0
    """The share of the products with the same text word whose photos match it even less."""


@dataclass
class ScoredCatalogue:
    """The catalogue with the model's word scores, computed a few words at a time."""

    catalogue: EmbeddedCatalogue
    head: WordHead
    log_partition: Scores
    """(photos, 1)."""

    @classmethod
    def build(cls, catalogue: EmbeddedCatalogue, head: WordHead) -> "ScoredCatalogue":
        """Compute the log-partition of every photo; this reads all embeddings once."""
        return cls(catalogue, head, log_partition(catalogue.z, np.arange(len(catalogue.z)), head.w, head.bias))

    def iter_scores(self, words: Ints) -> Iterator[tuple[int, Scores]]:
        """Yield (position in `words`, scores of all products); the use of memory does not grow with the words."""
        words_per_block = max(1, _CELLS_PER_BLOCK // max(1, len(self.catalogue.offsets)))
        for first in range(0, len(words), words_per_block):
            block_words = words[first : first + words_per_block]
            w, bias = self.head.w[block_words], self.head.bias[block_words]
            block = product_scores(self.catalogue.z, w, bias, self.log_partition, self.catalogue.offsets)
            yield from ((first + column, block[:, column]) for column in range(block.shape[1]))


def find_mismatches(scored: ScoredCatalogue, calibrated: CalibratedWords) -> list[Mismatch]:
    """Return all candidates: for each product the words that it seems to lack and its most doubtful word.

    Args:
        scored: The catalogue with its scores.
        calibrated: The words that can be predicted.
    """
    text_terms, short_field_terms = scored.catalogue.text_terms, scored.catalogue.short_field_terms
    tags = tag_words(short_field_terms, text_terms)
    relation_finder = WordRelationFinder(scored.head.words, scored.head.w, text_terms, short_field_terms)
    indices = np.flatnonzero(np.isin(calibrated.word_ids, tags))
    text_columns = text_terms.tocsc()
    is_tag = np.zeros(len(scored.head.words), np.bool_)
    is_tag[tags] = True
    is_visible_tag = is_tag & ~np.isin(np.array(scored.head.words, np.object_), NEVER_CONTRADICTED)
    missing: list[Mismatch] = []
    doubts: dict[int, list[Mismatch]] = {}
    for position, scores in scored.iter_scores(calibrated.word_ids[indices]):
        index = int(indices[position])
        word, threshold = int(calibrated.word_ids[index]), float(calibrated.thresholds[index])
        relations = relation_finder.find(word)
        in_text = text_columns[:, [word]].toarray().ravel() > 0
        products = np.flatnonzero((scores >= threshold) & ~in_text)
        products = products[contains_none(text_terms, products, relations.variants)]
        products = products[np.argsort(-scores[products], kind="stable")]
        exclusive = relations.exclusive & is_tag
        is_free = contains_none(short_field_terms, products, exclusive)
        lacks_related = contains_none(text_terms, products, relations.related)
        for product in products[is_free & lacks_related][:MAX_CANDIDATES_PER_WORD]:
            missing.append(Mismatch(MISSING, int(product), word, index, float(scores[product]), threshold))
        for product in products[~is_free][:MAX_CANDIDATES_PER_WORD]:
            candidate = Mismatch(CONTRADICTED, int(product), word, index, float(scores[product]), threshold)
            for text_word in short_field_terms[[product]].indices:
                if (exclusive & is_visible_tag)[text_word]:
                    doubts.setdefault(int(text_word), []).append(replace(candidate, text_word=int(text_word)))
    frequency = np.asarray(short_field_terms.sum(axis=0), np.float64).ravel()
    return missing + _most_doubtful_per_product(list(_confirm(scored, doubts)), frequency)


def tag_words(short_field_terms: "sparse.csr_matrix", text_terms: "sparse.csr_matrix") -> Ints:
    """Return the ids of the words that this catalogue uses as tags, ascending."""
    in_short_fields, in_text = (np.asarray(matrix.sum(axis=0)).ravel() for matrix in (short_field_terms, text_terms))
    is_tag = (in_short_fields >= MIN_TAG_PRODUCTS) & (in_short_fields >= MIN_TAG_SHARE * in_text)
    return np.flatnonzero(is_tag).astype(np.int64)


def _confirm(scored: ScoredCatalogue, doubts: dict[int, list[Mismatch]]) -> Iterator[Mismatch]:
    """Yield the doubts where photos can tell the two words apart and the product is unusual for its text word."""
    columns = scored.catalogue.short_field_terms.tocsc()

    def has_word(word: int) -> Bools:
        return np.asarray(columns[:, [word]].toarray().ravel() > 0)

    for text_word in sorted(doubts):
        has_text_word = has_word(text_word)
        predicted_words = sorted({doubt.predicted_word for doubt in doubts[text_word]})
        scores = scored.iter_scores(np.array([text_word, *predicted_words], np.int64))
        _, text_word_scores = next(scores)
        for position, predicted_scores in scores:
            predicted_word = predicted_words[position - 1]
            margin = text_word_scores - predicted_scores
            has_one = has_text_word ^ has_word(predicted_word)
            auc = roc_auc(margin[has_one], has_text_word[has_one])
            if math.isnan(auc) or auc < MIN_AUC:
                continue
            for doubt in (doubt for doubt in doubts[text_word] if doubt.predicted_word == predicted_word):
                # A photo of a two-coloured product may show the text word clearly although its margin is small.
                percentile = max(
                    _share_below(values[doubt.product], values[has_text_word]) for values in (margin, text_word_scores)
                )
                if percentile <= MAX_PERCENTILE:
                    score = float(text_word_scores[doubt.product])
                    yield replace(doubt, text_word_score=score, text_word_percentile=percentile)


def _share_below(value: float, others: Scores) -> float:
    return float((others < value).mean())


def _most_doubtful_per_product(doubts: list[Mismatch], frequency: Floats) -> list[Mismatch]:
    """Return for each product its most frequent doubtful word ("women" before "flats") with the best prediction.

    Args:
        doubts: All confirmed doubts.
        frequency: (words,): the number of products with the word in a short field.
    """
    doubts.sort(
        key=lambda doubt: (
            doubt.product,
            -frequency[0 if doubt.text_word is None else doubt.text_word],
            doubt.text_word_score - doubt.score,
            doubt.predicted_word,
        )
    )
    first: dict[int, Mismatch] = {}
    for doubt in doubts:
        first.setdefault(doubt.product, doubt)
    return list(first.values())


def read_titles(products: Path, product_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return (title, URL) of the given products.

    Raises:
        ContractError: The table is broken, or lacks one of the products.
    """
    requested = set(product_ids)
    titles: dict[str, tuple[str, str]] = {}
    for table in tables.read_stream(products, PRODUCTS, ("product_id", "title", "url")):
        for row in table.to_pylist():
            if row["product_id"] in requested:
                titles[row["product_id"]] = (row["title"], row["url"])
    absent = sorted(requested - titles.keys())
    if absent:
        raise ContractError(f"{products}: lacks the product {absent[0]}, which has photos; run `dvc repro prepare`")
    return titles
