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
        height = (probabilities * (len(probabilities) / total)).tolist()
        keep, alias = [1.0] * len(height), list(range(len(height)))
        low = [word for word, part in enumerate(height) if part < 1.0]
        high = [word for word, part in enumerate(height) if part >= 1.0]
        while low and high:
            short, tall = low.pop(), high[-1]
            keep[short], alias[short] = height[short], tall
            height[tall] -= 1.0 - height[short]
            if height[tall] < 1.0:
                low.append(high.pop())
        # What is left in either list differs from 1 by rounding alone, and keeps its column whole.
        self._keep, self._alias = torch.tensor(keep, dtype=torch.float64), torch.tensor(alias)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
        """Word ids of that shape, drawn with replacement; `generator` is of the CPU."""
        columns = torch.randint(len(self._keep), shape, generator=generator)
        stays = torch.rand(shape, generator=generator, dtype=torch.float64) < self._keep[columns]
        return torch.where(stays, columns, self._alias[columns])

    def probabilities(self) -> torch.Tensor:
        """(words,) float64: what each word's share of the table is, from which draws come exactly."""
        spilled = torch.zeros_like(self._keep).scatter_add(0, self._alias, 1.0 - self._keep)
        return (self._keep + spilled) / len(self._keep)
