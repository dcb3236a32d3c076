"""A word's redundancy: how many words say the same as it.

A shop says in fifty words that a thing is a watch (watch, dial, case, strap, bezel ...) and in one that it is red. Each
of the fifty is visual, so that weighing words by visualness alone leaves the embedding to what is said fifty times.
Redundancy counts, for word k, the words j that occur where it does, each by the square of the correlation of the two
(phi, of their presence in photos' texts):

    redundancy_k = 1 + sum over j of max(0, phi_kj^2 - 1 / photos)

1 / photos is what two words that have nothing to do with each other come to by chance. A word that stands alone has 1;
m words that always occur together have m each, and m words worth 1 / m each are worth one.
"""

import numpy as np
import numpy.typing as npt

from weft.data.bags import Doubles, WeightedBags

MAX_COUNTED_PHOTOS = 50_000
"""More photos than these move no correlation that matters."""
_CORRELATED_WORDS_AT_ONCE = 512


def measure_redundancy(bags: WeightedBags, vocabulary_size: int) -> Doubles:
    """Redundancy of all words, (vocabulary_size,), at least 1; 1 for a word of no photo or of all.

    Args:
        bags: Words of training photos; how often a photo's text says a word does not matter.
        vocabulary_size: Words in the vocabulary.
    """
    from scipy.sparse import csc_array

    photos = np.flatnonzero(bags.sizes)
    photos = photos[:: max(1, -(-len(photos) // MAX_COUNTED_PHOTOS))]
    indices, is_word = bags.padded_indices(photos)
    row, word = np.nonzero(is_word)[0], bags.words[indices[is_word]]
    present = csc_array((np.ones(len(row), np.float32), (row, word)), shape=(len(photos), vocabulary_size))
    present.data[:] = 1.0  # repeats of a word in one text were added up
    share = np.asarray(present.sum(axis=0), np.float64).ravel() / max(1, len(photos))
    deviation = np.sqrt(share * (1 - share))
    inverse = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 0)
    redundancy = np.ones(vocabulary_size)
    for first in range(0, vocabulary_size, _CORRELATED_WORDS_AT_ONCE):
        part = slice(first, first + _CORRELATED_WORDS_AT_ONCE)
        joint_share = (present[:, part].T @ present).toarray() / max(1, len(photos))
        phi = (joint_share - np.outer(share[part], share)) * np.outer(inverse[part], inverse)
        redundancy[part] += _sum_above_chance(phi, first, len(photos))
    return redundancy


def _sum_above_chance(phi: npt.NDArray[np.float64], first: int, photos: int) -> Doubles:
    """Row sums of phi^2 above what chance gives, the word itself left out."""
    squared = np.maximum(phi**2 - 1 / max(1, photos), 0.0)
    rows = np.arange(len(phi))
    squared[rows, first + rows] = 0.0
    total: Doubles = squared.sum(axis=1)
    return total
