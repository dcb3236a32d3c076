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
from weft.contracts.tagging import CONTRADICTED, MISSING
from weft.errors import ContractError
from weft.tagging.cross_fitting import CrossFittedScores
from weft.tagging.tag_scores import EmbeddedCatalogue, WordHead
from weft.tagging.thresholds import CalibratedWords
from weft.tagging.verdicts import JudgedWords
from weft.tagging.word_relations import WordRelationFinder, contains_none
from weft.word_scores import roc_auc

NEVER_CONTRADICTED = ("unisex",)
"""Words about who may wear a product: no photo can contradict them."""
MAX_CANDIDATES_PER_WORD = 500
"""Only the candidates with the highest scores are kept: more of them point to another problem than single products."""
MIN_WORD_AUC = 0.9
"""Only words that photos predict can be shown or doubted: the area under the ROC curve over the whole catalogue."""
MIN_PAIR_AUC = 0.9
"""A text word is contradicted only where photos can tell the two words apart: the ROC AUC between the products with
the one word and the products with the other."""
MAX_PERCENTILE = 0.1
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
    score: float
    """The score of the predicted word by the tag head."""
    threshold: float
    """The score from which the photos show the word: the calibrated threshold; to contradict another word, at most the
    mean score of the products whose text has the predicted word, as in confident learning."""
    text_word: int | None = None
    """The word_id of the contradicted word."""
    text_word_score: float = 0.0
    text_word_percentile: float = 0.0
    """The share of the products with the same text word whose photos match it even less."""


@dataclass(frozen=True)
class ScoredCatalogue:
    """The catalogue with the scores of its words."""

    catalogue: EmbeddedCatalogue
    head: WordHead
    tag_words: Ints
    """The word_ids that this catalogue uses as tags, ascending."""
    scores: CrossFittedScores
    """The scores of the tag words."""

    @classmethod
    def build(cls, catalogue: EmbeddedCatalogue, head: WordHead, penalty: float) -> "ScoredCatalogue":
        """Fit the heads that score the catalogue; `penalty` is that of the tag head."""
        words = tag_words(catalogue.short_field_terms, catalogue.text_terms)
        return cls(catalogue, head, words, CrossFittedScores(catalogue, words, penalty))


def find_mismatches(scored: ScoredCatalogue, calibrated: CalibratedWords, judged: JudgedWords) -> list[Mismatch]:
    """Return all candidates: for each product the words that it seems to lack and its most doubtful word.

    Args:
        scored: The catalogue with its scores.
        calibrated: The words that have a threshold. Only these can be missing.
        judged: The words that people judged, which are left out.
    """
    text_terms, short_field_terms = scored.catalogue.text_terms, scored.catalogue.short_field_terms
    relation_finder = WordRelationFinder(scored.head.words, scored.head.w, text_terms, short_field_terms)
    threshold_of = dict(zip(calibrated.word_ids.tolist(), calibrated.thresholds.tolist(), strict=True))
    text_columns = text_terms.tocsc()
    is_tag = np.zeros(len(scored.head.words), np.bool_)
    is_tag[scored.tag_words] = True
    is_visible_tag = np.zeros_like(is_tag)
    missing: list[Mismatch] = []
    doubts: dict[int, list[Mismatch]] = {}
    for position, scores in scored.scores.iter_scores(scored.tag_words):
        word = int(scored.tag_words[position])
        in_text = text_columns[:, [word]].toarray().ravel() > 0
        auc = roc_auc(scores, in_text)
        if math.isnan(auc) or auc < MIN_WORD_AUC:
            continue
        is_visible_tag[word] = scored.head.words[word] not in NEVER_CONTRADICTED
        relations = relation_finder.find(word)
        threshold = threshold_of.get(word, math.inf)
        limit = min(threshold, float(scores[in_text].mean()))
        products = np.flatnonzero((scores >= limit) & ~in_text)
        products = products[contains_none(text_terms, products, relations.variants)]
        products = products[np.argsort(-scores[products], kind="stable")]
        exclusive = relations.exclusive & is_tag
        is_free = contains_none(short_field_terms, products, exclusive)
        is_missing = is_free & contains_none(text_terms, products, relations.related) & (scores[products] >= threshold)
        for product in products[is_missing][:MAX_CANDIDATES_PER_WORD]:
            missing.append(Mismatch(MISSING, int(product), word, float(scores[product]), threshold))
        for product in products[~is_free][:MAX_CANDIDATES_PER_WORD]:
            candidate = Mismatch(CONTRADICTED, int(product), word, float(scores[product]), limit)
            for text_word in short_field_terms[[product]].indices:
                if exclusive[text_word]:
                    doubts.setdefault(int(text_word), []).append(replace(candidate, text_word=int(text_word)))
    visible_doubts = {word: doubts[word] for word in sorted(doubts) if is_visible_tag[word]}
    frequency = np.asarray(short_field_terms.sum(axis=0), np.float64).ravel()
    missing, confirmed = (
        _leave_out(judged, scored, candidates) for candidates in (missing, _confirm(scored, visible_doubts))
    )
    return missing + _most_doubtful_per_product(confirmed, frequency)


def _leave_out(judged: JudgedWords, scored: ScoredCatalogue, candidates: Iterable[Mismatch]) -> list[Mismatch]:
    """Return the candidates that people did not judge."""
    words, product_ids = scored.head.words, scored.catalogue.product_ids
    return [
        candidate
        for candidate in candidates
        if not judged.leaves_out(
            product_ids[candidate.product],
            words[candidate.predicted_word],
            None if candidate.text_word is None else words[candidate.text_word],
        )
    ]


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

    for text_word in doubts:
        has_text_word = has_word(text_word)
        predicted_words = sorted({doubt.predicted_word for doubt in doubts[text_word]})
        scores = scored.scores.iter_scores(np.array([text_word, *predicted_words], np.int64))
        _, text_word_scores = next(scores)
        for position, predicted_scores in scores:
            predicted_word = predicted_words[position - 1]
            margin = text_word_scores - predicted_scores
            has_one = has_text_word ^ has_word(predicted_word)
            auc = roc_auc(margin[has_one], has_text_word[has_one])
            if math.isnan(auc) or auc < MIN_PAIR_AUC:
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
