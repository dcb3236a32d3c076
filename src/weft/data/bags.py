"""Bags of words of many photos in two flat arrays (compressed sparse rows)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weft import tables
from weft.contracts.tables import PREPARED_PHOTOS

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class WeightedBags:
    """The word ids of photo n are words[offsets[n]:offsets[n + 1]], ascending."""

    offsets: Ints
    """(photos + 1,)"""
    words: Ints
    """(words of all photos,)"""
    weights: Doubles
    """(words of all photos,) weight of each word in its photo, above 0."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, photo: int) -> Ints:
        return self.words[self.offsets[photo] : self.offsets[photo + 1]]

    @property
    def sizes(self) -> Ints:
        """(photos,) words of each photo."""
        return np.diff(self.offsets)

    def digest(self) -> str:
        """Return the sha256 of all arrays."""
        return hashlib.sha256(self.offsets.tobytes() + self.words.tobytes() + self.weights.tobytes()).hexdigest()

    def count_words(self, vocabulary_size: int) -> Ints:
        """n_k, (vocabulary_size,): how many entries word k has; of bags without repeats, the photos that carry it."""
        return np.bincount(self.words, minlength=vocabulary_size)

    def deduplicate(self, sum_weights: bool = True) -> "WeightedBags":
        """Return the same bags with each word once, with the sum or the maximum of the weights of its repeats."""
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
        """Repeats stand side by side, as words ascend: an entry repeats when it equals the one before in its bag."""
        first = np.ones(len(self.words), bool)
        first[1:] = self.words[1:] != self.words[:-1]
        first[self.offsets[:-1][self.sizes > 0]] = True
        return first

    def padded_indices(self, photos: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Places in `words` of the bags of `photos`, padded to the largest: (photos, most words) and which are real."""
        sizes = self.sizes[photos]
        column = np.arange(max(1, sizes.max(initial=0)))
        is_word = column < sizes[:, None]
        return np.where(is_word, self.offsets[photos][:, None] + column, 0), is_word


def build_weighted_bags(bags: Iterable[Sequence[int]]) -> WeightedBags:
    """Build bags from one sequence of word ids per photo; all words weigh 1."""
    arrays = [np.asarray(bag, dtype=np.int64) for bag in bags]
    offsets = np.concatenate([[0], np.cumsum([len(array) for array in arrays])]).astype(np.int64)
    words = np.concatenate([np.empty(0, np.int64), *arrays])
    return WeightedBags(offsets, words, np.ones(len(words)))


def read_bags(folder: Path, count_repeated_words: bool, description_weight: float = 1.0) -> WeightedBags:
    """The bags of all prepared photos of one split, in the order of its shards.

    Args:
        folder: Prepared shards.
        count_repeated_words: Keep a word as often as it stands in the text of the product; otherwise keep it once, with
            its largest weight.
        description_weight: Weight of a word that stands in the description; a word of a short field weighs 1.
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
