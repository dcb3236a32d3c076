"""How words of a catalogue relate: which say the same, which follow from which, which exclude each other."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse

from weft.tagging.tag_scores import Ints
from weft.tagging.thresholds import Bools

IMPLIED = 0.8
"""A word follows from another where this share of the products that say the other say it too ("shoes" of "sneakers"),
among at least IMPLIED_PRODUCTS."""
IMPLIED_PRODUCTS = 10
SYNONYM = 0.5
"""Cosine of two word embeddings from which photos of the one are photos of the other ("maroon", "burgundy")."""
RIVAL = 0.1
"""Two tags exclude each other where they stand together less than this share as often as by chance ..."""
RIVAL_EXPECTED = 5.0
"""... and chance alone would have put them together on at least so many products."""
BREADTH = 0.03
"""A rival is claimed at least this share as often as the other: it names an alternative, not a detail ("princess")."""
_COMPOUND = 4


@dataclass(frozen=True)
class Relations:
    """Of all words to one word that photos may show."""

    same: Bools
    """(words,): the word itself, in another number or spelling."""
    near: Bools
    """(words,): who reads it knows the shown word: the same, a compound of it, a synonym, or one it follows from."""
    rivals: Bools
    """(words,): tags that exclude the shown word."""


class Lexicon:
    """What is needed to relate words."""

    def __init__(
        self,
        words: tuple[str, ...],
        w: npt.NDArray[np.float32],
        said: "sparse.csr_matrix",
        claimed: "sparse.csr_matrix",
    ) -> None:
        self._stems = np.array([stem(word) for word in words], np.object_)
        self._unit = w / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), 1e-12)
        self._said, self._claimed = said.tocsc(), claimed.tocsc()
        self._says, self._claims = (np.asarray(matrix.sum(axis=0)).ravel() for matrix in (said, claimed))

    def of(self, shown: int) -> Relations:
        """How all words relate to `shown`."""
        together = np.asarray((self._said.T @ self._said[:, [shown]]).todense()).ravel()
        follows = (together >= IMPLIED * self._says) & (self._says >= IMPLIED_PRODUCTS)
        own = self._stems[shown]
        same = self._stems == own
        compound = np.array([_is_compound(other, own) or _is_compound(own, other) for other in self._stems])
        synonym = self._unit @ self._unit[shown] >= SYNONYM
        expected = self._claims * self._claims[shown] / self._claimed.shape[0]
        side_by_side = np.asarray((self._claimed.T @ self._claimed[:, [shown]]).todense()).ravel()
        broad = self._claims >= BREADTH * self._claims[shown]
        rivals = (expected >= RIVAL_EXPECTED) & (side_by_side <= RIVAL * expected) & broad & ~same & ~synonym
        return Relations(same, same | compound | synonym | follows, rivals)


def stem(word: str) -> str:
    """A word without hyphens and without what makes an English plural: enough to see that two are one."""
    bare = word.replace("-", "").replace("'", "")
    if bare.endswith("ies") and len(bare) > 4:
        return bare[:-3] + "y"
    if bare.endswith(("ches", "shes", "sses", "xes")):
        return bare[:-2]
    return bare[:-1] if bare.endswith("s") and not bare.endswith(("ss", "us", "is")) and len(bare) > 3 else bare


def _is_compound(whole: str, part: str) -> bool:
    """Whether `whole` is a kind of `part` by its name: a sweatshirt is a shirt."""
    return len(part) >= _COMPOUND and len(whole) > len(part) and whole.endswith(part)


def lacking(bags: "sparse.csr_matrix", products: Ints, words: Bools) -> Bools:
    """(products,): whether none of `words` is in the bag of each."""
    return np.asarray(bags[products] @ words.astype(np.float32) == 0)
