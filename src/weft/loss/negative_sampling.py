"""Where negatives come from: a distribution over the vocabulary, and how it corrects the softmax over a sample.

The paper names none. Frequent words as negatives (log_uniform, unigram) teach more a draw than rare ones do, and make
the sampled softmax lean against frequent words unless their scores are corrected by log q (Bengio and Senecal 2008).

Draws from any distribution over words in constant time a draw (Walker 1977, Vose 1991).
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

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
            word_counts: (vocabulary,) count of each word in the texts of training photos; 0 counts as 1.
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


class AliasTable:
    """Every word has a column of equal width, shared with at most one other word, its alias."""

    def __init__(self, probabilities: npt.NDArray[np.float64]) -> None:
        """Build the table.

        Args:
            probabilities: (words,) at least 0, with a positive sum.

        Raises:
            ValueError: They are not a distribution.
        """
        total = probabilities.sum()
        if probabilities.ndim != 1 or not np.isfinite(total) or total <= 0 or (probabilities < 0).any():
            raise ValueError("expected one probability of at least 0 per word, with a positive sum")
        scaled = (probabilities * (len(probabilities) / total)).tolist()
        acceptance, alias = [1.0] * len(scaled), list(range(len(scaled)))
        small = [word for word, share in enumerate(scaled) if share < 1.0]
        large = [word for word, part in enumerate(scaled) if part >= 1.0]
        while small and large:
            receiver, donor = small.pop(), large[-1]
            acceptance[receiver], alias[receiver] = scaled[receiver], donor
            scaled[donor] -= 1.0 - scaled[receiver]
            if scaled[donor] < 1.0:
                small.append(large.pop())
        # What is left in either list differs from 1 by rounding alone, and keeps its column whole.
        self._acceptance, self._alias = torch.tensor(acceptance, dtype=torch.float64), torch.tensor(alias)

    def sample(self, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
        """Word ids of that shape, drawn with replacement; `generator` is of the CPU."""
        columns = torch.randint(len(self._acceptance), shape, generator=generator)
        accepted = torch.rand(shape, generator=generator, dtype=torch.float64) < self._acceptance[columns]
        return torch.where(accepted, columns, self._alias[columns])

    def probabilities(self) -> torch.Tensor:
        """(words,) float64: what each word's share of the table is, from which draws come exactly."""
        redirected = torch.zeros_like(self._acceptance).scatter_add(0, self._alias, 1.0 - self._acceptance)
        return (self._acceptance + redirected) / len(self._acceptance)
