"""The tag head: a linear score of every word for an embedding, by ridge regression in closed form.

Word embeddings learned by softmax rank the words of one photo, but their scores are not comparable between words, and
common words win. Ridge regression of "does the text contain the word" on standardised embeddings gives scores that are
close to probabilities for all words alike (measured in docs/decisions/0070-tag-head.md), so that words with few
products can share evidence. Only sums over the photos are needed: one pass, in memory that does not grow with photos.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from weft.contracts import files
from weft.contracts.arrays import Bools, Floats, Ints, Matrix, Scores
from weft.errors import ModelError
from weft.tagging.thresholds import CalibratedWords, read_calibrated_words

if TYPE_CHECKING:
    from weft.tagging.tag_scores import EmbeddedCatalogue  # imports scipy, which a reader of the head does not need

PENALTIES = tuple(float(10 ** (exponent / 2)) for exponent in range(-4, 5))
"""Candidates for the ridge penalty, relative to the variance of a standardised feature: 0.01 to 100."""
TAGS_PER_PRODUCT = 5
"""The penalty with the highest precision of this many tags on val is chosen."""
_PHOTOS_PER_CHUNK = 4096


@dataclass(frozen=True)
class FeatureSums:
    """Sums over the photos of a set of products, each of which weighs 1."""

    weight: float
    """The number of products."""
    z: Floats
    """(embedding_dim,)."""
    zz: Floats
    """(embedding_dim, embedding_dim)."""

    def __add__(self, other: "FeatureSums") -> "FeatureSums":
        """Return the sums over both sets of products."""
        return FeatureSums(self.weight + other.weight, self.z + other.z, self.zz + other.zz)


@dataclass(frozen=True)
class WordSums:
    """Sums over the photos of a set of products, each of which weighs 1, for every word to predict."""

    y: Floats
    """(words,): the number of products whose text contains the word."""
    yz: Floats
    """(words, embedding_dim): the sum of the embeddings of these products."""

    def __add__(self, other: "WordSums") -> "WordSums":
        """Return the sums over both sets of products."""
        return WordSums(self.y + other.y, self.yz + other.yz)


def sum_features(catalogue: "EmbeddedCatalogue", products: Bools) -> FeatureSums:
    """Return the sums of the given products, (products,), in one pass over their embeddings."""
    dim = catalogue.z.shape[1]
    total = FeatureSums(0.0, np.zeros(dim), np.zeros((dim, dim)))
    for z, weight, _ in _iter_photos(catalogue, products):
        weighted_z = z * weight[:, None]
        total += FeatureSums(float(weight.sum()), weighted_z.sum(axis=0), weighted_z.T @ z)
    return total


def sum_words(catalogue: "EmbeddedCatalogue", products: Bools, words: Ints) -> WordSums:
    """Return the sums of the given products, (products,), for the given word_ids, in one pass."""
    terms = catalogue.text_terms[:, words]
    total = WordSums(np.zeros(len(words)), np.zeros((len(words), catalogue.z.shape[1])))
    for z, weight, product_of in _iter_photos(catalogue, products):
        in_text = terms[product_of].T
        total += WordSums(np.asarray(in_text @ weight), np.asarray(in_text @ (z * weight[:, None])))
    return total


def _iter_photos(catalogue: "EmbeddedCatalogue", products: Bools) -> Iterator[tuple[Floats, Floats, Ints]]:
    """Yield chunks of the photos of the given products: embeddings, weights and products."""
    product_of = catalogue.products_of_photos()
    weights = 1 / np.bincount(product_of, minlength=len(products))[product_of]
    rows = np.flatnonzero(products[product_of])
    for start in range(0, len(rows), _PHOTOS_PER_CHUNK):
        chunk = rows[start : start + _PHOTOS_PER_CHUNK]
        yield catalogue.z[chunk].astype(np.float64), weights[chunk], product_of[chunk]


@dataclass(frozen=True)
class TagHead:
    """The score of a word is w . z + bias, about the share of such products whose text contains it."""

    word_ids: Ints
    """(words,): ascending."""
    w: Scores
    """(words, embedding_dim)."""
    bias: Scores
    """(words,)."""

    def score(self, z: Matrix) -> Scores:
        """Return the scores of embeddings (photos, embedding_dim) as (photos, words)."""
        return np.asarray(z.astype(np.float32) @ self.w.T + self.bias, np.float32)

    def select(self, word_ids: Ints) -> "TagHead":
        """Return the head of some of its words, in the given order."""
        rows = np.searchsorted(self.word_ids, word_ids)
        return TagHead(word_ids, self.w[rows], self.bias[rows])


class RidgeSolver:
    """Solves the ridge regression on one set of products for any words and penalties.

    Args:
        features: The sums over the products to learn from.
    """

    def __init__(self, features: FeatureSums) -> None:
        self._weight, self._mean = features.weight, features.z / features.weight
        covariance = features.zz / features.weight - np.outer(self._mean, self._mean)
        self._scale = np.sqrt(np.maximum(np.diagonal(covariance), 1e-12))
        correlation = covariance / self._scale / self._scale[:, None]
        self._eigenvalues, self._eigenvectors = np.linalg.eigh(correlation)

    def solve(self, words: WordSums, word_ids: Ints, penalty: float) -> TagHead:
        """Return the head for the given words.

        Args:
            words: Their sums over the products of the solver.
            word_ids: Their ids, ascending.
            penalty: The penalty, relative to the variance of a standardised feature.
        """
        share = words.y / self._weight
        cross = (words.yz / self._weight - share[:, None] * self._mean) / self._scale
        shrunk = (cross @ self._eigenvectors) / (np.maximum(self._eigenvalues, 0) + penalty)
        w = shrunk @ self._eigenvectors.T / self._scale
        return TagHead(word_ids, w.astype(np.float32), (share - w @ self._mean).astype(np.float32))


def choose_penalty(solver: RidgeSolver, words: WordSums, z: Matrix, in_text: Bools) -> float:
    """Return the penalty with the most correct tags among the first of each product; of equals the largest.

    Args:
        solver: The solver of the training products.
        words: The sums over these products for the words to predict.
        z: (products, embedding_dim): the mean embedding of each val product.
        in_text: (products, words): whether its text contains each word.
    """
    word_ids = np.arange(len(words.y))

    def precision(penalty: float) -> float:
        scores = solver.solve(words, word_ids, penalty).score(z)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :TAGS_PER_PRODUCT]
        return float(np.take_along_axis(in_text, best, axis=1).mean()) if best.size else 0.0

    return max(PENALTIES, key=lambda penalty: (precision(penalty), penalty))


def write_tag_head(folder: Path, head: TagHead) -> None:
    """Write the head as safetensors into the folder of the calibration."""
    from safetensors.numpy import save_file

    tensors: dict[str, npt.NDArray[Any]] = {"word_ids": head.word_ids.astype(np.int64), "w": head.w, "bias": head.bias}
    save_file(tensors, folder / files.TAG_HEAD)


def read_tag_head(folder: Path, vocabulary_size: int, embedding_dim: int) -> TagHead:
    """Read the tag head of a calibration.

    Raises:
        ModelError: The file is missing or broken, or does not fit the model.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = folder / files.TAG_HEAD
    try:
        tensors: dict[str, npt.NDArray[Any]] = load_file(path)
        word_ids, w, bias = (tensors[name] for name in ("word_ids", "w", "bias"))
    except (OSError, SafetensorError, KeyError) as error:
        raise ModelError(f"{path}: cannot read the tag head: {error}; run weft calibrate") from error
    fits = w.shape == (len(word_ids), embedding_dim) and bias.shape == word_ids.shape == (len(word_ids),)
    fits = fits and w.dtype == bias.dtype == np.float32 and bool(np.isfinite(w).all() and np.isfinite(bias).all())
    is_ascending = word_ids.dtype == np.int64 and bool((np.diff(word_ids, prepend=-1) > 0).all())
    if not fits or not is_ascending or (len(word_ids) and word_ids[-1] >= vocabulary_size):
        raise ModelError(
            f"{path}: expected finite float32 scores of at most {vocabulary_size} words for embeddings of "
            f"{embedding_dim} numbers, got {w.dtype} {w.shape}; run weft calibrate"
        )
    return TagHead(word_ids, w, bias)


def read_calibrated_head(
    folder: Path, model_digest: str, vocabulary_size: int, embedding_dim: int
) -> tuple[CalibratedWords, TagHead]:
    """Read the words with a threshold, and the tag head of these words, in their order.

    Args:
        folder: The output folder of calibrate.
        model_digest: The digest of the model that will use them.
        vocabulary_size: The number of words of that model.
        embedding_dim: The dimension of its embeddings.

    Raises:
        ContractError: words.parquet is missing or broken.
        ModelError: The thresholds or the head are broken or belong to another model.
    """
    words = read_calibrated_words(folder, model_digest, vocabulary_size)
    return words, read_tag_head(folder, vocabulary_size, embedding_dim).select(words.word_ids)
