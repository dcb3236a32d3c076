"""The rows of W that a batch needs, so that a step costs what it touches and not what the vocabulary holds."""

import torch
from torch.nn.functional import embedding


class Narrowed:
    """Some words out of the vocabulary: their ids, and where each stands among them."""

    def __init__(self, vocabulary: int, first: torch.Tensor, then: torch.Tensor | None = None) -> None:
        """Gather the words of `first`, ascending, and then those that only `then` holds.

        Args:
            vocabulary: How many words there are.
            first: Word ids of any shape.
            then: Likewise.
        """
        self._place = torch.full((vocabulary,), -1, dtype=torch.int64, device=first.device)
        self.ids = torch.unique(first)
        self._place[self.ids] = torch.arange(len(self.ids), device=first.device)
        if then is not None:
            more = torch.unique(then[self._place[then] < 0])
            self._place[more] = torch.arange(len(self.ids), len(self.ids) + len(more), device=first.device)
            self.ids = torch.cat([self.ids, more])

    def places(self, ids: torch.Tensor) -> torch.Tensor:
        """Where each of `ids`, of any shape, stands in `self.ids`; -1 where it does not, or is -1 itself."""
        return torch.where(ids < 0, ids, self._place[ids])

    def rows(self, words: torch.Tensor) -> torch.Tensor:
        """The rows of a parameter, (vocabulary, dim): its gradient is sparse, other rows have none."""
        return embedding(self.ids, words, sparse=True)
