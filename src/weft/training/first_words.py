"""The W that stage 1 starts from: random, and so small beside z that the first loss is that of knowing nothing."""

import math

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import normalize

from weft.data.samplers import Batch
from weft.errors import ModelError
from weft.loss.full_softmax import full_softmax
from weft.model.embedder import initial_words
from weft.params import Training

FIRST_LOGIT = 0.02
"""Standard deviation of the first scores: the loss then exceeds ln K by about half its square."""
MOST_OFF = 0.05
"""The share of ln K that the first full-softmax loss may differ by."""
_LOOKED_AT = 1_024
"""Photos that tell how long z is."""


def first_words(z: npt.NDArray[np.float16], count: int, settings: Training) -> torch.Tensor:
    """A random W, (count, embedding_dim), for embeddings like `z`, (photos, embedding_dim)."""
    if settings.normalise:
        return normalize(initial_words(count, z.shape[1], settings.seed), dim=1)
    length = typical_length(z)
    return initial_words(count, z.shape[1], settings.seed, FIRST_LOGIT / length)


def typical_length(z: npt.NDArray[np.float16]) -> float:
    """Root mean square of the lengths of `z`, seen on some of its rows; 1 where there is nothing to see."""
    some = z[:: max(1, len(z) // _LOOKED_AT)].astype(np.float32)
    length = float(np.sqrt(np.square(some).sum(1).mean())) if len(some) else 0.0
    return length if length > 0 else 1.0


def check_first_loss(z: torch.Tensor, words: torch.Tensor, batch: Batch) -> None:
    """Refuse to start from a W that already believes something.

    Args:
        z: Embeddings of the photos of `batch`, scaled as in training.
        words: W, scaled as in training.
        batch: Some photos.

    Raises:
        ModelError: Their full-softmax loss is not within 5 % of ln K, K being the number of words.
    """
    targets, weights = torch.from_numpy(batch.targets).to(z.device), torch.from_numpy(batch.weights).to(z.device)
    loss, wanted = float(full_softmax(z, words, targets, weights)), math.log(len(words))
    if not abs(loss - wanted) <= MOST_OFF * wanted + 1e-6:
        lengths = z.norm(dim=1)
        raise ModelError(
            f"fit_words: the first loss is {loss:.3f}, wanted within {MOST_OFF:.0%} of ln {len(words)} = {wanted:.3f}: "
            f"the embeddings are {float(lengths.min()):.3g} to {float(lengths.max()):.3g} long, median "
            f"{float(lengths.median()):.3g}; look for photos that the backbone answers wildly (data/features), or, "
            "with normalise, raise fit_words.temperature"
        )
