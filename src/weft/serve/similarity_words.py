"""Similarities in words: what a cosine similarity means in this catalogue, which differs between models."""

from dataclasses import dataclass

import numpy as np

from weft.contracts.arrays import Floats, Matrix

LEVELS = ("very similar", "similar", "somewhat similar", "not very similar")
_PERCENTILES = (99.9, 99.0, 90.0)
"""Percentiles of the similarities to photos drawn at random, from which each of the first three levels begins."""
SAMPLE_SIZE = 1_000
"""Photos, and words, that a scale is measured with."""


@dataclass(frozen=True)
class SimilarityScale:
    """The lowest similarities of the levels, for photos and for words as queries."""

    photo: Floats
    """(3,), descending."""
    words: Floats
    """(3,), descending."""

    @staticmethod
    def measure(embeddings: Matrix, word_embeddings: Matrix) -> "SimilarityScale":
        """Return the scale of a catalogue from a sample of its photos and of the words of the model.

        Args:
            embeddings: (photos, embedding_dim).
            word_embeddings: (words, embedding_dim).
        """
        photos = _sample_unit_rows(embeddings)
        between_photos = (photos @ photos.T)[~np.eye(len(photos), dtype=bool)]
        return SimilarityScale(_levels(between_photos), _levels(_sample_unit_rows(word_embeddings) @ photos.T))

    def describe(self, similarity: float, photo_weight: float) -> str:
        """Return a similarity in words.

        Args:
            similarity: The cosine similarity of the query to a photo.
            photo_weight: How much the query is a photo: 1 for a photo, 0 for words.
        """
        starts = photo_weight * self.photo + (1 - photo_weight) * self.words
        return LEVELS[int((similarity < starts).sum())]


def _sample_unit_rows(matrix: Matrix) -> Floats:
    rows = np.random.default_rng(0).permutation(len(matrix))[:SAMPLE_SIZE]
    sample = np.asarray(matrix[np.sort(rows)], np.float64)
    return np.asarray(sample / np.maximum(np.linalg.norm(sample, axis=1, keepdims=True), 1e-12))


def _levels(similarities: Floats) -> Floats:
    if not similarities.size:
        return np.zeros(len(_PERCENTILES))
    return np.asarray(np.percentile(similarities, _PERCENTILES), np.float64)
