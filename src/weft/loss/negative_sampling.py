"""Negative sampling: draw the negative words of the sampled softmax from a distribution q over the vocabulary.

The paper does not name its distribution. Frequent words are more informative negatives than rare words, so log_uniform
and unigram prefer them. Without a correction by log q (Bengio and Senecal 2008) these two bias the sampled softmax
against frequent words. The alias method (Walker 1977, Vose 1991) takes constant time per draw.
"""

from copy import copy
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

UNIGRAM_POWER = 0.75
"""The exponent of word frequencies in Mikolov et al. 2013 (word2vec): between the frequencies, 1, and uniform, 0."""

NegativeDistribution = Literal["uniform", "log_uniform", "unigram"]


class NegativeSampler:
    """A distribution q over the vocabulary, from which negatives are drawn.

    Attributes:
        log_q: Log probability of each word, (vocabulary,), float32.
    """

    log_q: torch.Tensor

    def __init__(self, name: NegativeDistribution, word_counts: npt.NDArray[np.int64]) -> None:
        """Prepare the distribution.

        Args:
            name: "uniform"; or "log_uniform", q_k = log(1 + 1 / (k + 1)) / log(K + 1), where k is the word's id, which
                is its rank by frequency, and K the size of the vocabulary; or "unigram", which is proportional to
                word_counts to the power 0.75.
            word_counts: Count of each word in the texts of the training photos, (vocabulary,); 0 counts as 1.
        """
        rank = np.arange(len(word_counts), dtype=np.float64)
        weights = {
            "uniform": np.ones(len(word_counts)),
            "log_uniform": np.log1p(1.0 / (rank + 1.0)),
            "unigram": np.maximum(word_counts, 1).astype(np.float64) ** UNIGRAM_POWER,
        }[name]
        self._alias_table = AliasTable(weights)
        self.log_q = torch.from_numpy(np.log(weights / weights.sum()).astype(np.float32))

    def to(self, device: torch.device | str) -> "NegativeSampler":
        """Return the same distribution with its tensors on a device, where it draws with generators of that device."""
        moved = copy(self)
        moved._alias_table, moved.log_q = self._alias_table.to(device), self.log_q.to(device)
        return moved

    def sample(self, photos: int, negatives: int, generator: torch.Generator) -> torch.Tensor:
        """Return word ids, (photos, negatives), drawn with replacement; `generator` is on the sampler's device.

        Generators of a CPU and of a GPU with the same seed draw different negatives.
        """
        return self._alias_table.sample((photos, negatives), generator)


class AliasTable:
    """The table of the alias method: columns of equal probability, each shared by a word and at most one other word."""

    def __init__(self, probabilities: npt.NDArray[np.float64]) -> None:
        """Build the table.

        Args:
            probabilities: Probability of each word, (words,), at least 0, up to a common positive factor.

        Raises:
            ValueError: A probability is negative or not finite, the sum is 0, or the array is not flat.
        """
        total = probabilities.sum()
        if probabilities.ndim != 1 or not np.isfinite(total) or total <= 0 or (probabilities < 0).any():
            raise ValueError(
                "expected one probability of at least 0 per word, with a positive sum, "
                f"got shape {probabilities.shape} with the sum {total}"
            )
        scaled = (probabilities * (len(probabilities) / total)).tolist()
        acceptance, alias = [1.0] * len(scaled), list(range(len(scaled)))
        small = [word for word, share in enumerate(scaled) if share < 1.0]
        large = [word for word, share in enumerate(scaled) if share >= 1.0]
        while small and large:
            receiver, donor = small.pop(), large[-1]
            acceptance[receiver], alias[receiver] = scaled[receiver], donor
            scaled[donor] -= 1.0 - scaled[receiver]
            if scaled[donor] < 1.0:
                small.append(large.pop())
        # The shares that remain in either list differ from 1 only by rounding; their words keep whole columns.
        self._acceptance, self._alias = torch.tensor(acceptance, dtype=torch.float64), torch.tensor(alias)

    def to(self, device: torch.device | str) -> "AliasTable":
        """Return the same table on a device."""
        moved = copy(self)
        moved._acceptance, moved._alias = self._acceptance.to(device), self._alias.to(device)
        return moved

    def sample(self, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
        """Return word ids of that shape, drawn with replacement; `generator` is on the table's device."""
        device = self._alias.device
        columns = torch.randint(len(self._acceptance), shape, generator=generator, device=device)
        points = torch.rand(shape, generator=generator, dtype=torch.float64, device=device)
        accepted = points < self._acceptance[columns]
        return torch.where(accepted, columns, self._alias[columns])

    def probabilities(self) -> torch.Tensor:
        """Return each word's share of the table, (words,), float64: the exact probability that it is drawn."""
        redirected = torch.zeros_like(self._acceptance).scatter_add(0, self._alias, 1.0 - self._acceptance)
        return (self._acceptance + redirected) / len(self._acceptance)
