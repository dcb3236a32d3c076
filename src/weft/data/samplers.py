"""Which photo and which word come next.

`one_word` draws a photo and one of its words, as the paper does; `all_words` draws the photo in the very same way and
replaces the word by its exact distribution given the photo: the same gradient in expectation, with less noise.
`weft.data.balance` says how often each photo and word is drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.data.bags import Bags, Doubles, Ints
from weft.data.balance import balance, draw_photos
from weft.errors import ContractError

Floats = npt.NDArray[np.float32]

NO_WORD = -1
"""Pads `Batch.true_words`."""


@dataclass(frozen=True)
class Batch:
    """What one step trains on."""

    photos: Ints
    """(batch,) places in the store."""
    targets: Ints
    """(batch, most words) word ids, padded with the photo's first."""
    weights: Floats
    """(batch, most words), each row sums to 1; 0 where padded."""
    true_words: Ints
    """(batch, most words of a photo) all words of each photo, once each, padded with NO_WORD."""

    def __len__(self) -> int:
        return len(self.photos)


class Sampler:
    """Draws the batches of an epoch; the draw is a function of (seed, epoch) alone."""

    def __init__(
        self,
        bags: Bags,
        vocabulary_size: int,
        target: str,
        alpha: float,
        seed: int,
        most_draws: int = 0,
        word_weights: Doubles | None = None,
    ) -> None:
        """Prepare to draw from `bags`; photos without words are never drawn.

        Args:
            bags: The words of each training photo.
            vocabulary_size: Words in the vocabulary.
            target: "one_word" or "all_words".
            alpha: The balance, from 0 (image-first) to 1 (word-first).
            seed: Any whole number.
            most_draws: No photo is drawn more often than this in an epoch; 0 for no cap.
            word_weights: (vocabulary_size,) how much each word is worth, at least 0; a word of 0 is never drawn, and
                no photo's. All are worth the same when left out.

        Raises:
            ContractError: No photo has a word, or one has a word that the vocabulary lacks.
        """
        if len(bags.words) and bags.words.max() >= vocabulary_size:
            raise ContractError(
                f"the prepared photos hold word {bags.words.max()} of a vocabulary of {vocabulary_size} words; "
                "run the stage prepare with this words.tsv"
            )
        worth = np.ones(vocabulary_size) if word_weights is None else word_weights
        self._bags = bags.keep(worth > 0).once()
        if len(self._bags.words) == 0:
            raise ContractError("no training photo has a word of the vocabulary: look at dropped.tsv and quarantine")
        self._target, self._seed = target, seed
        self._balance = balance(self._bags, worth, alpha, most_draws)
        self._below = np.concatenate([[0.0], np.cumsum(self._balance.words)])
        self._count = int(np.count_nonzero(self._bags.sizes))

    def __len__(self) -> int:
        """Draws in an epoch: as many as there are photos with words."""
        return self._count

    @property
    def capped(self) -> int:
        """Photos that the cap keeps from being drawn as often as the balance has it."""
        return self._balance.capped

    def most_drawn(self, epoch: int) -> int:
        """How often the photo that comes most often comes in an epoch."""
        return int(np.bincount(self._order(epoch)[0]).max())

    def steps(self, batch_size: int) -> int:
        """Batches in an epoch. One photo left over joins the last batch, as batch norm cannot learn from one."""
        whole, left = divmod(len(self), batch_size)
        return whole + (left > 1 or whole == 0)

    def epoch(self, epoch: int, batch_size: int) -> Iterator[Batch]:
        """Yield the batches of one epoch, `steps` many."""
        photos, random = self._order(epoch)
        drawn = self._draw_words(photos, random) if self._target == "one_word" else None
        steps = self.steps(batch_size)
        for step in range(steps):
            part = slice(step * batch_size, (step + 1) * batch_size if step + 1 < steps else None)
            yield _batch(self._bags, photos[part], self._balance.words, None if drawn is None else drawn[part])

    def expected(self, bags: Bags, batch_size: int) -> Iterator[Batch]:
        """All photos of `bags` with words, in order, each with the distribution that this sampler draws words from.

        What validation measures: of other photos, but at the balance and weights of training. Words are as frequent as
        in training; one that training lacks counts as said once.
        """
        kept = bags.keep(self._balance.factors > 0).once()
        weights = kept.worth * self._balance.factors[kept.words]
        photos = np.flatnonzero(kept.sizes)
        for start in range(0, len(photos), batch_size):
            yield _batch(kept, photos[start : start + batch_size], weights, None)

    def _order(self, epoch: int) -> tuple[Ints, np.random.Generator]:
        random = np.random.default_rng((self._seed, epoch))
        return draw_photos(self._balance.draws, random), random

    def _draw_words(self, photos: Ints, random: np.random.Generator) -> Ints:
        """One word of each photo, (photos, 1)."""
        first, end = self._bags.offsets[photos], self._bags.offsets[photos + 1]
        mark = self._below[first] + random.random(len(photos)) * (self._below[end] - self._below[first])
        entries = np.clip(np.searchsorted(self._below, mark, side="right") - 1, first, end - 1)
        return self._bags.words[entries, None]


def _batch(bags: Bags, photos: Ints, entry_weights: Doubles, drawn: Ints | None) -> Batch:
    """The photos with the words drawn, (batch, 1), or with all their words."""
    places, real = bags.positions(photos)
    words = bags.words[np.where(real, places, bags.offsets[photos][:, None])]
    true_words = np.where(real, words, NO_WORD)
    if drawn is not None:
        return Batch(photos, drawn, np.ones(drawn.shape, np.float32), true_words)
    weights = np.where(real, entry_weights[places], 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return Batch(photos, words, weights.astype(np.float32), true_words)
