"""The word map: words whose embeddings point in similar directions lie close together on a plane."""

import numpy as np

from weft.contracts.arrays import Floats, Ints, Scores

MAX_WORDS = 240
"""More words than this cannot be read on one picture."""
N_NEAREST = 6
_SEED = 1
_PERPLEXITY = 12.0
"""The effective number of neighbours of a word; words of one kind (colours, shoes) form groups of about a dozen."""
_MIN_WORDS = 5


def project_words(w: Scores) -> Floats:
    """Project word embeddings to a plane by t-SNE (van der Maaten and Hinton 2008) of their cosine distances.

    The exact algorithm with a fixed start is deterministic; the multi-threaded Barnes-Hut method is not.

    Args:
        w: (words, embedding_dim).

    Returns:
        (words, 2): coordinates in 0..1 on each axis; fewer than five words are placed on a circle.
    """
    if len(w) < _MIN_WORDS:
        angle = 2 * np.pi * np.arange(len(w)) / max(len(w), 1)
        return np.stack([0.5 + 0.5 * np.cos(angle), 0.5 + 0.5 * np.sin(angle)], axis=1)
    from sklearn.manifold import TSNE

    points = TSNE(
        n_components=2,
        perplexity=min(_PERPLEXITY, (len(w) - 1) / 3),
        init=_principal_components(w),
        metric="cosine",
        method="exact",
        max_iter=750,
        random_state=_SEED,
    ).fit_transform(w.astype(np.float64))
    low, high = points.min(axis=0), points.max(axis=0)
    return np.asarray((points - low) / np.maximum(high - low, 1e-12), np.float64)


def nearest_words(w: Scores, word_ids: Ints, k: int = N_NEAREST) -> tuple[Ints, Floats]:
    """Return for each given word the k other words with the highest cosine similarity; ties go to the lower word_id.

    Args:
        w: (words, embedding_dim).
        word_ids: (given words,).
        k: At least 1; the result has fewer columns where the vocabulary is smaller.

    Returns:
        Word ids and similarities, (given words, at most k) each, most similar first.
    """
    unit = w / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), 1e-12)
    similarity = (unit[word_ids] @ unit.T).astype(np.float64)
    similarity[np.arange(len(word_ids)), word_ids] = -np.inf
    order = np.argsort(-similarity, axis=1, kind="stable")[:, : min(k, len(w) - 1)]
    return order.astype(np.int64), np.take_along_axis(similarity, order, axis=1)


def _principal_components(w: Scores) -> Floats:
    """Return the start of t-SNE: the first two principal components, scaled down, each with a fixed sign."""
    unit = w.astype(np.float64) / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), 1e-12)
    u, s, _ = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
    start = u[:, :2] * s[:2]
    start *= np.sign(start[np.abs(start).argmax(axis=0), [0, 1]])
    return np.asarray(1e-4 * start / max(start[:, 0].std(), 1e-12), np.float64)
