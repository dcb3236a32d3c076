"""The rows of W that a batch needs, so that a step costs what it touches and not what the vocabulary holds."""

import torch
from torch.nn.functional import embedding


def narrow(words: torch.Tensor, *ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Look up all rows named in `ids` once.

    Args:
        words: A parameter, (vocabulary, dim). Its gradient is sparse: rows outside `ids` have none.
        ids: Word ids of any shapes.

    Returns:
        The word ids, (rows,) ascending, and their rows, (rows, dim).
    """
    kept = torch.unique(torch.cat([some.flatten() for some in ids]))
    return kept, embedding(kept, words, sparse=True)


def places_in(kept: torch.Tensor, ids: torch.Tensor, absent: int = -1) -> torch.Tensor:
    """The place in `kept`, ascending, of each of `ids`, of any shape; `absent` for those that are not in it."""
    places = torch.searchsorted(kept, ids).clamp_max(len(kept) - 1)
    return torch.where(kept[places] == ids, places, absent)
