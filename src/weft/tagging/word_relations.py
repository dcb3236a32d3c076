"""Relations between the words of a catalogue: spelling variants, related words and mutually exclusive words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from weft.contracts.arrays import Bools, Ints, Scores

if TYPE_CHECKING:
    import scipy.sparse as sparse

MIN_IMPLIED_SHARE = 0.8
"""Word A implies word B where this share of the products with A also contain B ("sneakers" implies "shoes") ..."""
MIN_IMPLIED_PRODUCTS = 10
"""... and at least this many products contain A."""
MIN_SYNONYM_SIMILARITY = 0.5
"""Two words are synonyms from this cosine similarity of their embeddings on ("maroon", "burgundy")."""
MAX_EXCLUSIVE_LIFT = 0.1
"""Two tags exclude each other where they occur together at most this share as often as by chance ..."""
MIN_EXPECTED_TOGETHER = 1.0
"""... and by chance they would occur together on at least this many products. Fewer prove little: the audit also asks
whether photos tell the two apart, and whether the photos of the one product do not show its text word ..."""
MIN_EXCLUSIVE_FREQUENCY = 0.03
"""... and the short fields of this share as many products contain the other word: it names an alternative ("blue"),
not a rare detail ("princess")."""
_MIN_COMPOUND_LENGTH = 4


@dataclass(frozen=True)
class WordRelations:
    """The relations of all words to one given word."""

    variants: Bools
    """(words,): the given word itself, its singular or plural, and its other spellings."""
    related: Bools
    """(words,): words whose presence makes the given word redundant: variants, compounds, synonyms, and words that
    imply it."""
    exclusive: Bools
    """(words,): tags that exclude the given word."""


class WordRelationFinder:
    """Finds the relations of a word from the embeddings and the texts of a catalogue.

    Args:
        words: The vocabulary, by word_id.
        w: (words, embedding_dim).
        text_terms: (products, words): 1 where the text contains the word.
        short_field_terms: (products, words): 1 where a short field contains the word.
    """

    def __init__(
        self,
        words: tuple[str, ...],
        w: Scores,
        text_terms: "sparse.csr_matrix",
        short_field_terms: "sparse.csr_matrix",
    ) -> None:
        self._stems = np.array([stem(word) for word in words], np.object_)
        self._unit = w / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), 1e-12)
        self._text_terms, self._short_field_terms = text_terms.tocsc(), short_field_terms.tocsc()
        self._text_frequency = np.asarray(text_terms.sum(axis=0)).ravel()
        self._short_field_frequency = np.asarray(short_field_terms.sum(axis=0)).ravel()

    def find(self, word: int) -> WordRelations:
        """Return how all words relate to the word with the id `word`."""
        together = np.asarray((self._text_terms.T @ self._text_terms[:, [word]]).todense()).ravel()
        implies = (together >= MIN_IMPLIED_SHARE * self._text_frequency) & (
            self._text_frequency >= MIN_IMPLIED_PRODUCTS
        )
        word_stem = self._stems[word]
        variants = self._stems == word_stem
        compounds = np.array(
            [_is_compound(other, word_stem) or _is_compound(word_stem, other) for other in self._stems]
        )
        synonyms = self._unit @ self._unit[word] >= MIN_SYNONYM_SIMILARITY
        frequency = self._short_field_frequency
        expected = frequency * frequency[word] / self._short_field_terms.shape[0]
        observed = np.asarray((self._short_field_terms.T @ self._short_field_terms[:, [word]]).todense()).ravel()
        exclusive = (expected >= MIN_EXPECTED_TOGETHER) & (observed <= MAX_EXCLUSIVE_LIFT * expected)
        exclusive &= (frequency >= MIN_EXCLUSIVE_FREQUENCY * frequency[word]) & ~variants
        return WordRelations(variants, variants | compounds | synonyms | implies, exclusive)


def stem(word: str) -> str:
    """Return the word without hyphens, apostrophes and English plural endings, to compare spellings."""
    bare = word.replace("-", "").replace("'", "")
    if bare.endswith("ies") and len(bare) > 4:
        return bare[:-3] + "y"
    if bare.endswith(("ches", "shes", "sses", "xes")):
        return bare[:-2]
    return bare[:-1] if bare.endswith("s") and not bare.endswith(("ss", "us", "is")) and len(bare) > 3 else bare


def _is_compound(whole: str, part: str) -> bool:
    """Return whether `whole` ends in `part`: a sweatshirt is a shirt."""
    return len(part) >= _MIN_COMPOUND_LENGTH and len(whole) > len(part) and whole.endswith(part)


def contains_none(document_terms: "sparse.csr_matrix", products: Ints, words: Bools) -> Bools:
    """Return for each of `products` whether its row of `document_terms` contains none of `words`."""
    return np.asarray(document_terms[products] @ words.astype(np.float32) == 0)
