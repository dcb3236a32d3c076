"""Bags of words of many photos in two flat arrays (compressed sparse rows)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weft import tables
from weft.contracts.tables import PREPARED

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bags:
    """The word ids of photo n are words[offsets[n]:offsets[n + 1]], ascending."""

    offsets: Ints
    """(photos + 1,)"""
    words: Ints
    """(words of all photos,)"""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, photo: int) -> Ints:
        return self.words[self.offsets[photo] : self.offsets[photo + 1]]

    @property
    def sizes(self) -> Ints:
        """(photos,) words of each photo."""
        return np.diff(self.offsets)

    def digest(self) -> str:
        """Names this very content: sha256 of both arrays."""
        return hashlib.sha256(self.offsets.tobytes() + self.words.tobytes()).hexdigest()

    def photo_counts(self, vocabulary_size: int) -> Ints:
        """n_k, (vocabulary_size,): how many entries word k has; of bags without repeats, the photos that carry it."""
        return np.bincount(self.words, minlength=vocabulary_size)

    def once(self) -> tuple["Bags", Ints]:
        """The same bags with each word once, and how often each was said: (words of all photos,)."""
        first = self._first_of_equals()
        kept = np.concatenate([[0], np.cumsum(first)])
        begins = np.flatnonzero(first)
        said = np.diff(np.append(begins, len(self.words)))
        return Bags(kept[self.offsets], self.words[first]), said

    def keep(self, wanted: npt.NDArray[np.bool_]) -> "Bags":
        """The same bags without the words that are not `wanted`, (vocabulary_size,)."""
        stays = wanted[self.words]
        kept = np.concatenate([[0], np.cumsum(stays)])
        return Bags(kept[self.offsets], self.words[stays])

    def _first_of_equals(self) -> npt.NDArray[np.bool_]:
        """Repeats stand side by side, as words ascend: an entry repeats when it equals the one before in its bag."""
        first = np.ones(len(self.words), bool)
        first[1:] = self.words[1:] != self.words[:-1]
        first[self.offsets[:-1][self.sizes > 0]] = True
        return first

    def positions(self, photos: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Places in `words` of the bags of `photos`, padded to the largest: (photos, most words) and which are real."""
        sizes = self.sizes[photos]
        column = np.arange(max(1, sizes.max(initial=0)))
        real = column < sizes[:, None]
        return np.where(real, self.offsets[photos][:, None] + column, 0), real


def bags_of(bags: Iterable[Sequence[int]]) -> Bags:
    """Bags from one sequence of word ids a photo."""
    arrays = [np.asarray(bag, dtype=np.int64) for bag in bags]
    offsets = np.concatenate([[0], np.cumsum([len(array) for array in arrays])]).astype(np.int64)
    return Bags(offsets, np.concatenate([np.empty(0, np.int64), *arrays]))


def read_bags(folder: Path, repeats: bool) -> Bags:
    """The bags of all prepared photos of one split, in the order of its shards.

    Args:
        folder: Prepared shards.
        repeats: Keep a word as often as the product's text says it, else once.
    """
    bags = [Bags(np.zeros(1, np.int64), np.empty(0, np.int64))]
    for table in tables.read_shards(folder, PREPARED, columns=["word_ids"]):
        column = table["word_ids"].combine_chunks()
        sizes = column.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64)
        words = column.flatten().to_numpy(zero_copy_only=False).astype(np.int64)
        group = Bags(np.concatenate([[0], np.cumsum(sizes)]), words)
        bags.append(group if repeats else group.once()[0])
    sizes = np.concatenate([group.sizes for group in bags])
    return Bags(np.concatenate([[0], np.cumsum(sizes)]), np.concatenate([group.words for group in bags]))
