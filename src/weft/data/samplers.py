"""Which photo and which word come next: the two readings of the paper's "one word per image, drawn uniformly".

word_first (Joulin et al. 2016, section 3.2): draw a word uniformly, then one of the photos that carry it; every word
is seen equally often, frequent or not. image_first: draw a photo, then one of its words uniformly.

With the target "all_words" the same schemes draw the photo, and the word is replaced by its exact distribution given
the photo: word k of the photo weighs 1 / n_k (word_first) or the same as all others (image_first), n_k being the
number of photos with word k (bags with repeats count each). The gradient is the same in expectation, with less noise.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.data.bags import Bags, Ints
from weft.errors import ContractError

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Batch:
    """What one step trains on."""

    photos: Ints
    """(batch,) places in the store."""
    targets: Ints
    """(batch, most words) word ids, padded with 0."""
    weights: Floats
    """(batch, most words), each row sums to 1; 0 where padded."""


class Sampler:
    """Draws the batches of an epoch; the draw is a function of (seed, epoch) alone."""

    def __init__(self, bags: Bags, vocabulary_size: int, target: str, sampling: str, seed: int) -> None:
        """Prepare to draw from `bags`; photos without words are never drawn.

        Args:
            bags: The words of each training photo.
            vocabulary_size: Words in the vocabulary.
            target: "one_word" or "all_words".
            sampling: "word_first" or "image_first".
            seed: Any whole number.

        Raises:
            ContractError: No photo has a word, or one has a word that the vocabulary lacks.
        """
        if len(bags.words) == 0:
            raise ContractError("no training photo has a word of the vocabulary: look at dropped.tsv and quarantine")
        if bags.words.max() >= vocabulary_size:
            raise ContractError(
                f"the prepared photos hold word {bags.words.max()} of a vocabulary of {vocabulary_size} words; "
                "run the stage prepare with this words.tsv"
            )
        self._bags, self._target, self._sampling, self._seed = bags, target, sampling, seed
        self._with_words = np.flatnonzero(bags.sizes)
        counts = bags.photo_counts(vocabulary_size)
        self._entry_weights = 1.0 / counts[bags.words] if sampling == "word_first" else np.ones(len(bags.words))
        self._photo_weights = np.add.reduceat(self._entry_weights, bags.offsets[:-1][self._with_words])
        self._entries_by_word = np.argsort(bags.words, kind="stable")
        self._word_starts = np.concatenate([[0], np.cumsum(counts)])
        self._carried = np.flatnonzero(counts)

    def __len__(self) -> int:
        """Draws in an epoch: as many as there are photos with words."""
        return len(self._with_words)

    def steps(self, batch_size: int) -> int:
        """Batches in an epoch. One photo left over joins the last batch, as batch norm cannot learn from one."""
        whole, left = divmod(len(self), batch_size)
        return whole + (left > 1 or whole == 0)

    def _parts(self, batch_size: int) -> Iterator[slice]:
        steps = self.steps(batch_size)
        for step in range(steps):
            yield slice(step * batch_size, (step + 1) * batch_size if step + 1 < steps else None)

    def epoch(self, epoch: int, batch_size: int) -> Iterator[Batch]:
        """Yield the batches of one epoch, `steps` many."""
        random = np.random.default_rng((self._seed, epoch))
        if self._target == "all_words":
            photos = self._draw_photos(random)
            for part in self._parts(batch_size):
                yield self._all_words(photos[part])
            return
        entries = self._draw_entries(random)
        photos = np.searchsorted(self._bags.offsets, entries, side="right") - 1
        for part in self._parts(batch_size):
            words = self._bags.words[entries[part], None]
            yield Batch(photos[part], words, np.ones(words.shape, np.float32))

    def _draw_photos(self, random: np.random.Generator) -> Ints:
        if self._sampling == "image_first":
            photos: Ints = random.permutation(self._with_words)
        else:
            share = self._photo_weights / self._photo_weights.sum()
            photos = random.choice(self._with_words, len(self), p=share)
        return photos

    def _draw_entries(self, random: np.random.Generator) -> Ints:
        """One (photo, word) pair a draw, as places in the bags' flat array."""
        if self._sampling == "image_first":
            photos = random.permutation(self._with_words)
            entries: Ints = self._bags.offsets[photos] + random.integers(self._bags.sizes[photos])
        else:
            words = random.choice(self._carried, len(self))
            places = random.integers(self._word_starts[words], self._word_starts[words + 1])
            entries = self._entries_by_word[places]
        return entries

    def _all_words(self, photos: Ints) -> Batch:
        places, real = self._bags.positions(photos)
        weights = np.where(real, self._entry_weights[places], 0.0)
        weights /= weights.sum(axis=1, keepdims=True)
        return Batch(photos, np.where(real, self._bags.words[places], 0), weights.astype(np.float32))


def uniform_targets(bags: Bags, batch_size: int) -> Iterator[Batch]:
    """All photos with words in order, every word of a photo weighing the same: what validation measures on."""
    photos = np.flatnonzero(bags.sizes)
    for start in range(0, len(photos), batch_size):
        part = photos[start : start + batch_size]
        places, real = bags.positions(part)
        weights = real / real.sum(axis=1, keepdims=True)
        yield Batch(part, np.where(real, bags.words[places], 0), weights.astype(np.float32))
