"""Where negatives come from: a distribution over the vocabulary, and how it corrects the softmax over a sample.

The paper names none. Frequent words as negatives (log_uniform, unigram) teach more a draw than rare ones do, and make
the sampled softmax lean against frequent words unless their scores are corrected by log q (Bengio and Senecal 2008).
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from weft.loss.alias_table import AliasTable

UNIGRAM_POWER = 0.75
"""Of Mikolov et al. 2013 (word2vec): between how often words are said and all alike."""

NegativeDistribution = Literal["uniform", "log_uniform", "unigram"]


class NegativeSampler:
    """A distribution q to draw negatives from.

    Attributes:
        log_q: (vocabulary,) float32.
    """

    log_q: torch.Tensor

    def __init__(self, name: NegativeDistribution, word_counts: npt.NDArray[np.int64]) -> None:
        """Prepare to draw.

        Args:
            name: uniform; log_uniform, q_k = log(1 + 1 / (k + 1)) / log(K + 1) by the rank k of the word, which its
                id is; unigram, in proportion to how often training photos' texts say the word, to the power 0.75.
            said: (vocabulary,) how often they say it; a word they never say counts as said once.
        """
        rank = np.arange(len(word_counts), dtype=np.float64)
        weights = {
            "uniform": np.ones(len(word_counts)),
            "log_uniform": np.log1p(1.0 / (rank + 1.0)),
            "unigram": np.maximum(word_counts, 1).astype(np.float64) ** UNIGRAM_POWER,
        }[name]
        self._alias_table = AliasTable(weights)
        self.log_q = torch.from_numpy(np.log(weights / weights.sum()).astype(np.float32))

    def sample(self, photos: int, negatives: int, generator: torch.Generator) -> torch.Tensor:
        """Word ids, (photos, negatives), with replacement."""
        return self._alias_table.sample((photos, negatives), generator)
