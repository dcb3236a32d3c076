"""A map of the words: words whose embeddings point the same way lie side by side."""

import numpy as np
import numpy.typing as npt

from weft.tagging.tag_scores import Ints
from weft.tagging.thresholds import Floats

WORDS = 240
"""As many as a person can read on one picture."""
NEAREST = 6
_SEED = 1
_PERPLEXITY = 12.0
"""Neighbours that each word pulls near; words of one facet (colours, shoes) come in about a dozen."""
_FEWEST = 5


def place_words(w: npt.NDArray[np.float32]) -> Floats:
    """Places of words on a plane by t-SNE (van der Maaten and Hinton 2008) of the cosine distances.

    The exact algorithm from a fixed start: the same places every time, which Barnes-Hut's threads do not give.

    Args:
        w: (words, embedding_dim).

    Returns:
        (words, 2), each axis from 0 to 1; fewer than five words lie on a circle.
    """
    if len(w) < _FEWEST:
        angle = 2 * np.pi * np.arange(len(w)) / max(len(w), 1)
        return np.stack([0.5 + 0.5 * np.cos(angle), 0.5 + 0.5 * np.sin(angle)], axis=1)
    from sklearn.manifold import TSNE

    places = TSNE(
        n_components=2,
        perplexity=min(_PERPLEXITY, (len(w) - 1) / 3),
        init=_principal(w),
        metric="cosine",
        method="exact",
        max_iter=750,
        random_state=_SEED,
    ).fit_transform(w.astype(np.float64))
    low, high = places.min(axis=0), places.max(axis=0)
    return np.asarray((places - low) / np.maximum(high - low, 1e-12), np.float64)


def nearest(w: npt.NDArray[np.float32], chosen: Ints, k: int = NEAREST) -> tuple[Ints, Floats]:
    """For each chosen word the k others with the highest cosine similarity, best first, ties by word_id.

    Args:
        w: (words, embedding_dim).
        chosen: Word ids.
        k: At least 1; fewer where there are not so many words.

    Returns:
        Word ids and similarities, (chosen, at most k).
    """
    unit = w / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), 1e-12)
    similarity = (unit[chosen] @ unit.T).astype(np.float64)
    similarity[np.arange(len(chosen)), chosen] = -np.inf
    order = np.argsort(-similarity, axis=1, kind="stable")[:, : min(k, len(w) - 1)]
    return order.astype(np.int64), np.take_along_axis(similarity, order, axis=1)


def _principal(w: npt.NDArray[np.float32]) -> Floats:
    """The start: the two main directions of the normalised words, small, each turned to a fixed side."""
    unit = w.astype(np.float64) / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), 1e-12)
    u, s, _ = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
    start = u[:, :2] * s[:2]
    start *= np.sign(start[np.abs(start).argmax(axis=0), [0, 1]])
    return np.asarray(1e-4 * start / max(start[:, 0].std(), 1e-12), np.float64)
