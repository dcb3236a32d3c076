"""The W that stage 1 starts from: random, and so small beside z that the first loss is that of knowing nothing."""

import math

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import normalize

from weft.data.samplers import Batch
from weft.errors import ModelError
from weft.loss.full_softmax import full_softmax
from weft.model.embedder import make_random_word_embeddings
from weft.params import CosineLogits, Logits

INITIAL_LOGIT_STD = 0.02
"""Standard deviation of the first scores: the loss then exceeds ln K by about half its square."""
MAX_INITIAL_LOSS_DEVIATION = 0.05
"""The share of ln K that the first full-softmax loss may differ by."""
_NORM_SAMPLE_SIZE = 1_024
"""Photos that tell how long z is."""


def init_word_embeddings(z: npt.NDArray[np.float16], count: int, logits: Logits, seed: int) -> torch.Tensor:
    """A random W, (count, embedding_dim), for embeddings like `z`, (photos, embedding_dim)."""
    if isinstance(logits, CosineLogits):
        return normalize(make_random_word_embeddings(count, z.shape[1], seed), dim=1)
    norm = rms_norm(z)
    return make_random_word_embeddings(count, z.shape[1], seed, INITIAL_LOGIT_STD / norm)


def rms_norm(z: npt.NDArray[np.float16]) -> float:
    """Root mean square of the lengths of `z`, seen on some of its rows; 1 where there is nothing to see."""
    sample = z[:: max(1, len(z) // _NORM_SAMPLE_SIZE)].astype(np.float32)
    norm = float(np.sqrt(np.square(sample).sum(1).mean())) if len(sample) else 0.0
    return norm if norm > 0 else 1.0


def check_initial_loss(z: torch.Tensor, words: torch.Tensor, batch: Batch) -> None:
    """Refuse to start from a W that already believes something.

    Args:
        z: Embeddings of the photos of `batch`, scaled as in training.
        words: W, scaled as in training.
        batch: Some photos.

    Raises:
        ModelError: Their full-softmax loss is not within 5 % of ln K, K being the number of words.
    """
    targets, weights = torch.from_numpy(batch.targets).to(z.device), torch.from_numpy(batch.weights).to(z.device)
    loss, uniform_loss = float(full_softmax(z, words, targets, weights)), math.log(len(words))
    if not abs(loss - uniform_loss) <= MAX_INITIAL_LOSS_DEVIATION * uniform_loss + 1e-6:
        norms = z.norm(dim=1)
        raise ModelError(
            f"train_head: the first loss is {loss:.3f}, expected within {MAX_INITIAL_LOSS_DEVIATION:.0%} of ln {len(words)} = {uniform_loss:.3f}: "
            f"the embeddings are {float(norms.min()):.3g} to {float(norms.max()):.3g} long, median "
            f"{float(norms.median()):.3g}; look for photos that the backbone answers wildly (data/features), or, "
            "with cosine logits, raise training.logits.temperature"
        )
