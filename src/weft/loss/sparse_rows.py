"""Select the rows of W that a batch needs, so that the cost of a step does not grow with the vocabulary."""

import torch
from torch.nn.functional import embedding


class RowSubset:
    """A subset of the vocabulary, with local ids: the positions of its words in the subset.

    Attributes:
        ids: Word ids of the subset, (size of the subset,): those of `first_ids` in ascending order, then the others.
            Without padding no id is repeated.
        num_first: Number of rows for `first_ids`, padding included.
    """

    def __init__(
        self,
        vocabulary_size: int,
        first_ids: torch.Tensor,
        other_ids: torch.Tensor | None = None,
        pad: bool | None = None,
    ) -> None:
        """Collect the ids of `first_ids` in ascending order, and after them the ids that are only in `other_ids`.

        Args:
            vocabulary_size: Number of words in the vocabulary.
            first_ids: Word ids of any shape, at least one.
            other_ids: More word ids of any shape.
            pad: Whether both parts are filled up, with repetitions of one of the ids, to a size that depends only on
                the shapes. On a GPU a size that depends on the values would make the CPU wait for them. No local id is
                the position of a repetition, so its gradient is 0. By default it is True on a GPU.
        """
        pad = first_ids.is_cuda if pad is None else pad
        filler = first_ids.reshape(-1)[:1]
        is_first = _mark_members(vocabulary_size, first_ids)
        first_members = _list_members(is_first, first_ids.numel() if pad else None, filler)
        self.num_first = len(first_members)
        self._local_id = torch.where(is_first, is_first.cumsum(0) - 1, -1)
        self.ids = first_members
        if other_ids is not None:
            is_new = _mark_members(vocabulary_size, other_ids) & ~is_first
            new_members = _list_members(is_new, other_ids.numel() if pad else None, filler)
            self._local_id = torch.where(is_new, is_new.cumsum(0) + (self.num_first - 1), self._local_id)
            self.ids = torch.cat([first_members, new_members])

    def local_ids(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the position in `self.ids` of each of `ids`, of any shape; -1 for other words and for -1."""
        return torch.where(ids < 0, ids, self._local_id[ids])

    def gather(self, words: torch.Tensor) -> torch.Tensor:
        """Return the rows of a parameter, (vocabulary, dim), for the subset; its gradient is sparse."""
        return embedding(self.ids, words, sparse=True)


def _mark_members(vocabulary_size: int, ids: torch.Tensor) -> torch.Tensor:
    """Return whether each word of the vocabulary, (vocabulary,), is among `ids`."""
    return torch.zeros(vocabulary_size, dtype=torch.bool, device=ids.device).index_fill_(0, ids.reshape(-1), True)


def _list_members(is_member: torch.Tensor, max_members: int | None, filler: torch.Tensor) -> torch.Tensor:
    """Return the ids of the members in ascending order.

    Args:
        is_member: (vocabulary,), with at most `max_members` true values.
        max_members: The list is filled up to this size, or to that of the vocabulary, with `filler`; None omits that.
        filler: The id of a word, (1,).
    """
    if max_members is None:
        return is_member.nonzero().squeeze(1)
    size = min(max_members, len(is_member))
    # Words that are not members are written to one more position, which is cut off.
    positions = torch.where(is_member, is_member.cumsum(0) - 1, size)
    word_ids = torch.arange(len(is_member), device=is_member.device)
    return filler.expand(size + 1).scatter(0, positions, word_ids)[:size]


def check_targets(z: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> None:
    """Check the shapes of the arguments of a loss.

    The values are not checked, because the CPU would have to wait for a GPU; `Objective.prepare` checks them before.

    Args:
        z: Embeddings, (batch, embedding_dim).
        targets: Word ids, (batch, targets).
        weights: Weights of the targets, (batch, targets).

    Raises:
        ValueError: The shapes do not fit each other, or photos have no targets.
    """
    if targets.shape != weights.shape or targets.ndim != 2 or len(targets) != len(z):
        raise ValueError(
            f"expected targets and weights of shape ({len(z)}, targets) for {len(z)} embeddings, "
            f"got {tuple(targets.shape)} and {tuple(weights.shape)}"
        )
    if targets.shape[1] < 1:
        raise ValueError("expected at least one target per photo: leave photos without words out of the batch")
