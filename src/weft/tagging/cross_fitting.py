"""Scores of the whole catalogue by tag heads that have not seen the text of the product that they score.

A head that was fitted on a wrong text reproduces it. The training products are therefore scored by cross-fitting, as in
confident learning (Northcutt et al. 2021): each by the head of the other folds; val and test products by the head of
all training products.
"""

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sparse

from weft.contracts.arrays import Ints, Scores
from weft.tagging.tag_head import RidgeSolver, TagHead, sum_features, sum_words
from weft.tagging.tag_scores import EmbeddedCatalogue

N_FOLDS = 5
_CELLS_PER_BLOCK = 8_000_000
_PHOTOS_PER_CHUNK = 4096


class CrossFittedScores:
    """Scores of a set of words for all products; the heads are fitted once.

    Args:
        catalogue: The catalogue.
        words: The word_ids that can be scored, ascending.
        penalty: The penalty of the tag head.
    """

    def __init__(self, catalogue: EmbeddedCatalogue, words: Ints, penalty: float) -> None:
        self._catalogue = catalogue
        is_train = catalogue.splits == "train"
        # Number N_FOLDS stands for the products that teach no head; the head of all training products scores them.
        self._head_of_product = np.where(is_train, np.cumsum(is_train) % N_FOLDS, N_FOLDS)
        self._heads = _fit_heads(catalogue, self._head_of_product, words, penalty)

    def iter_scores(self, words: Ints) -> Iterator[tuple[int, Scores]]:
        """Yield (position in `words`, scores of all products); the use of memory does not grow with the words."""
        words_per_block = max(1, _CELLS_PER_BLOCK // max(1, len(self._catalogue.offsets)))
        for first in range(0, len(words), words_per_block):
            heads = [head.select(words[first : first + words_per_block]) for head in self._heads]
            block = _score_products(self._catalogue, heads, self._head_of_product)
            yield from ((first + column, block[:, column]) for column in range(block.shape[1]))


def _fit_heads(catalogue: EmbeddedCatalogue, fold: Ints, words: Ints, penalty: float) -> list[TagHead]:
    """Return the head without the products of each fold, and the head of all folds."""
    used = [number for number in range(N_FOLDS) if (fold == number).any()]
    features = {number: sum_features(catalogue, fold == number) for number in used}
    texts = {number: sum_words(catalogue, fold == number, words) for number in used}
    heads = []
    for left_out in range(N_FOLDS + 1):
        # A fold that is alone, in a catalogue of one training product, has to learn from itself.
        others = [number for number in used if number != left_out] or used
        solver = RidgeSolver(sum((features[number] for number in others[1:]), features[others[0]]))
        heads.append(solver.solve(sum((texts[number] for number in others[1:]), texts[others[0]]), words, penalty))
    return heads


def _score_products(catalogue: EmbeddedCatalogue, heads: list[TagHead], head_of_product: Ints) -> Scores:
    """Return the mean score of each product's photos, (products, words), by the head of each product."""
    product_of = catalogue.products_of_photos()
    weights = (1 / np.bincount(product_of, minlength=len(head_of_product)))[product_of].astype(np.float32)
    scores = np.zeros((len(head_of_product), len(heads[0].word_ids)), np.float32)
    for start in range(0, len(product_of), _PHOTOS_PER_CHUNK):
        chunk = slice(start, start + _PHOTOS_PER_CHUNK)
        z, products = catalogue.z[chunk], product_of[chunk]
        photo_scores = np.empty((len(products), scores.shape[1]), np.float32)
        for number in np.unique(head_of_product[products]):
            rows = head_of_product[products] == number
            photo_scores[rows] = heads[int(number)].score(z[rows])
        first, last = int(products[0]), int(products[-1])
        shape = (last - first + 1, len(products))
        mean = sparse.csr_matrix((weights[chunk], (products - first, np.arange(len(products)))), shape=shape)
        scores[first : last + 1] += mean @ photo_scores
    return scores
