"""Bags of words: the word ids and weights of many photos in flat arrays (compressed sparse rows)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weft import tables
from weft.contracts.arrays import Ints
from weft.contracts.tables import PREPARED_PHOTOS

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class WeightedBags:
    """The bags of many photos.

    An entry is one word of one photo. The entries of photo n are offsets[n] to offsets[n + 1] - 1, by ascending id.
    """

    offsets: Ints
    """Index of the first entry of each photo, and at the end the number of entries, (photos + 1,)."""
    words: Ints
    """Word id of each entry, (entries,)."""
    weights: Doubles
    """Weight of each entry, (entries,), above 0."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, photo: int) -> Ints:
        return self.words[self.offsets[photo] : self.offsets[photo + 1]]

    @property
    def sizes(self) -> Ints:
        """Number of entries of each photo, (photos,)."""
        return np.diff(self.offsets)

    def digest(self) -> str:
        """Return the sha256 of all arrays."""
        return hashlib.sha256(self.offsets.tobytes() + self.words.tobytes() + self.weights.tobytes()).hexdigest()

    def count_words(self, vocabulary_size: int) -> Ints:
        """Return the number of entries of each word, (vocabulary_size,); without repeats, its number of photos."""
        return np.bincount(self.words, minlength=vocabulary_size)

    def deduplicate(self, sum_weights: bool = True) -> "WeightedBags":
        """Return bags with each word once; its weight is the sum of the weights of its repeats, or their maximum."""
        is_first = self._first_occurrence_mask()
        kept_before = np.concatenate([[0], np.cumsum(is_first)])
        starts = np.flatnonzero(is_first)
        weights = (
            (np.add if sum_weights else np.maximum).reduceat(self.weights, starts) if len(starts) else self.weights
        )
        return WeightedBags(kept_before[self.offsets], self.words[is_first], weights)

    def filter_words(self, keep_mask: npt.NDArray[np.bool_]) -> "WeightedBags":
        """Return the same bags with only the words whose `keep_mask`, (vocabulary_size,), is true."""
        kept_mask = keep_mask[self.words]
        kept_before = np.concatenate([[0], np.cumsum(kept_mask)])
        return WeightedBags(kept_before[self.offsets], self.words[kept_mask], self.weights[kept_mask])

    def _first_occurrence_mask(self) -> npt.NDArray[np.bool_]:
        """Return (entries,): whether the entry is the first one of its word in its bag.

        Word ids ascend in a bag, so a repeat has the same word as the entry before it.
        """
        first = np.ones(len(self.words), bool)
        first[1:] = self.words[1:] != self.words[:-1]
        first[self.offsets[:-1][self.sizes > 0]] = True
        return first

    def padded_indices(self, photos: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Return the indices of the entries of each photo, (photos, size of the largest bag), and a mask of that shape.

        The mask is false for padding, whose index is 0.
        """
        sizes = self.sizes[photos]
        column = np.arange(max(1, sizes.max(initial=0)))
        is_word = column < sizes[:, None]
        return np.where(is_word, self.offsets[photos][:, None] + column, 0), is_word


def build_weighted_bags(bags: Iterable[Sequence[int]]) -> WeightedBags:
    """Return bags from one sequence of ascending word ids per photo; all weights are 1."""
    arrays = [np.asarray(bag, dtype=np.int64) for bag in bags]
    offsets = np.concatenate([[0], np.cumsum([len(array) for array in arrays])]).astype(np.int64)
    words = np.concatenate([np.empty(0, np.int64), *arrays])
    return WeightedBags(offsets, words, np.ones(len(words)))


def read_bags(folder: Path, count_repeated_words: bool, description_weight: float = 1.0) -> WeightedBags:
    """Return the bags of all prepared photos of one split, in the order of its shards.

    Args:
        folder: The folder of the shards of one split.
        count_repeated_words: Whether a word has one entry for each time that it occurs in the text of the product.
            Otherwise it has one entry with the largest weight.
        description_weight: Weight of a word in the description; above 0. The weight of a word in a short field is 1.

    Raises:
        ContractError: The shards are missing or break their contract.
    """
    bags = [build_weighted_bags([])]
    for table in tables.read_shards(folder, PREPARED_PHOTOS, columns=["word_ids", "in_short_fields"]):
        column = table["word_ids"].combine_chunks()
        sizes = column.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64)
        words = column.flatten().to_numpy(zero_copy_only=False).astype(np.int64)
        in_short_fields = (
            table["in_short_fields"].combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(bool)
        )
        group = WeightedBags(
            np.concatenate([[0], np.cumsum(sizes)]), words, np.where(in_short_fields, 1.0, description_weight)
        )
        bags.append(group if count_repeated_words else group.deduplicate(sum_weights=False))
    sizes = np.concatenate([group.sizes for group in bags])
    words = np.concatenate([group.words for group in bags])
    return WeightedBags(
        np.concatenate([[0], np.cumsum(sizes)]), words, np.concatenate([group.weights for group in bags])
    )
