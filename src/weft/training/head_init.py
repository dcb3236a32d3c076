"""The initial W of stage 1: random, and so small that the initial loss is close to that of a uniform prediction."""

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
"""Standard deviation of the initial logits; the initial loss then exceeds ln K by about half its square."""
MAX_INITIAL_LOSS_DEVIATION = 0.05
"""Maximum relative deviation of the initial full-softmax loss from ln K, K being the number of words."""
_NORM_SAMPLE_SIZE = 1_024
"""Number of photos from which the norm of z is estimated."""


def init_word_embeddings(z: npt.NDArray[np.float16], count: int, logits: Logits, seed: int) -> torch.Tensor:
    """Return a random W, (count, embedding_dim), whose scale fits the embeddings.

    With cosine logits the rows have norm 1. Otherwise the logits of `z` have the standard deviation INITIAL_LOGIT_STD.

    Args:
        z: Embeddings of the training photos, (photos, embedding_dim).
        count: Number of words.
        logits: The setting training.logits.
        seed: Seed of the random numbers.
    """
    if isinstance(logits, CosineLogits):
        return normalize(make_random_word_embeddings(count, z.shape[1], seed), dim=1)
    norm = rms_norm(z)
    return make_random_word_embeddings(count, z.shape[1], seed, INITIAL_LOGIT_STD / norm)


def rms_norm(z: npt.NDArray[np.float16]) -> float:
    """Return the root mean square of the L2 norms of a sample of `z`, (photos, embedding_dim), or 1 if it is 0."""
    sample = z[:: max(1, len(z) // _NORM_SAMPLE_SIZE)].astype(np.float32)
    norm = float(np.sqrt(np.square(sample).sum(1).mean())) if len(sample) else 0.0
    return norm if norm > 0 else 1.0


def check_initial_loss(z: torch.Tensor, words: torch.Tensor, batch: Batch) -> None:
    """Check that the initial predictions are nearly uniform.

    Args:
        z: Embeddings of the photos of `batch`, (batch, embedding_dim), scaled as in training.
        words: W, (words, embedding_dim), scaled as in training.
        batch: Training photos with their target words.

    Raises:
        ModelError: The full-softmax loss is not within 5 % of ln K, the loss of a uniform prediction over K words.
    """
    targets, weights = torch.from_numpy(batch.targets).to(z.device), torch.from_numpy(batch.weights).to(z.device)
    loss, uniform_loss = float(full_softmax(z, words, targets, weights)), math.log(len(words))
    if not abs(loss - uniform_loss) <= MAX_INITIAL_LOSS_DEVIATION * uniform_loss + 1e-6:
        norms = z.norm(dim=1)
        raise ModelError(
            f"train_head: expected an initial loss within {MAX_INITIAL_LOSS_DEVIATION:.0%} of ln {len(words)} = "
            f"{uniform_loss:.3f}, got {loss:.3f}; the norms of the embeddings are {float(norms.min()):.3g} to "
            f"{float(norms.max()):.3g}, median {float(norms.median()):.3g}; look in data/features for photos with "
            "extreme embeddings or, with cosine logits, raise training.logits.temperature"
        )
