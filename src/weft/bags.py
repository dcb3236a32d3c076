"""Bags of words of many photos or products in two flat arrays (compressed sparse rows)."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from weft.contracts.arrays import Bools, Ints

if TYPE_CHECKING:
    import scipy.sparse as sparse


@dataclass(frozen=True)
class WordBags:
    """Bag n holds `words[offsets[n]:offsets[n + 1]]`: word ids, ascending, each once."""

    offsets: Ints
    """(bags + 1,)."""
    words: npt.NDArray[np.int32]
    """(words of all bags,)."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, bag: int) -> npt.NDArray[np.int32]:
        return self.words[self.offsets[bag] : self.offsets[bag + 1]]

    @property
    def sizes(self) -> Ints:
        """(bags,): the number of words in each bag."""
        return np.diff(self.offsets)

    def owners(self) -> Ints:
        """Return the bag of each entry of `words`."""
        return np.repeat(np.arange(len(self)), self.sizes)

    def count_words(self, vocabulary_size: int) -> Ints:
        """Return the number of bags that hold each word, (vocabulary_size,)."""
        return np.bincount(self.words, minlength=vocabulary_size)

    def to_dense(self, bags: range, vocabulary_size: int) -> Bools:
        """Return which words a range of bags holds, (bags, vocabulary_size)."""
        is_member = np.zeros((len(bags), vocabulary_size), np.bool_)
        words = self.words[self.offsets[bags.start] : self.offsets[bags.stop]]
        is_member[np.repeat(np.arange(len(bags)), self.sizes[bags.start : bags.stop]), words] = True
        return is_member

    def to_csr(self, vocabulary_size: int) -> "sparse.csr_matrix":
        """Return the bags as a sparse matrix of ones, (bags, vocabulary_size)."""
        import scipy.sparse as sparse

        ones = np.ones(len(self.words), np.float32)
        return sparse.csr_matrix((ones, self.words, self.offsets), shape=(len(self), vocabulary_size))


def build_word_bags(bags: Iterable[Sequence[int] | npt.NDArray[np.integer]]) -> WordBags:
    """Build bags from one sequence of word ids per bag; a repeated word counts once."""
    offsets, words = array("q", [0]), array("i")
    for bag in bags:
        words.extend(sorted(set(bag)))
        offsets.append(len(words))
    return WordBags(np.array(offsets, np.int64), np.array(words, np.int32))
