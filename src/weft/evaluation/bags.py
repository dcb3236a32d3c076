"""Bags of words of many photos, compact: two arrays in place of a list of lists."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.evaluation.knn import Ints


@dataclass(frozen=True)
class Bags:
    """Photo n carries the words `words[starts[n]:starts[n + 1]]`, each once, ascending."""

    starts: Ints
    """(photos + 1,)."""
    words: npt.NDArray[np.int32]
    """The word ids of all photos in turn."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, photo: int) -> npt.NDArray[np.int32]:
        """The word ids of one photo."""
        return self.words[self.starts[photo] : self.starts[photo + 1]]

    def sizes(self) -> Ints:
        """(photos,): how many words each photo carries."""
        return np.diff(self.starts)


def bags_of(word_ids: Iterable[Sequence[int]]) -> Bags:
    """The bags of photos in turn; a word said twice of a photo counts once."""
    starts, words = array("q", [0]), array("i")
    for ids in word_ids:
        words.extend(sorted(set(ids)))
        starts.append(len(words))
    return Bags(np.array(starts, np.int64), np.array(words, np.int32))
