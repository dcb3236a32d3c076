"""Draws from any distribution over words in constant time a draw (Walker 1977, Vose 1991)."""

import numpy as np
import numpy.typing as npt
import torch


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
            raise ValueError("wanted probabilities of at least 0 with a positive sum, one a word")
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
