"""Samplers: the photos and words of each batch.

`sampled_word` draws a photo and one of its words, as the paper does; `soft_targets` draws the photo in the
same way and replaces the word by its exact distribution given the photo: the same expected gradient with less noise.
`weft.data.sampling_distribution` computes how often each photo and word is drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weft.data.bags import Doubles, Ints, WeightedBags
from weft.data.sampling_distribution import build_sampling_distribution, sample_photos
from weft.errors import ContractError

Floats = npt.NDArray[np.float32]

PADDING_WORD_ID = -1
"""Pads `Batch.true_words`."""


@dataclass(frozen=True)
class Batch:
    """What one step trains on."""

    photo_indices: Ints
    """(batch,) places in the store."""
    targets: Ints
    """(batch, most words) word ids, padded with the photo's first."""
    weights: Floats
    """(batch, most words), each row sums to 1; 0 where padded."""
    true_words: Ints
    """(batch, most words of a photo) all words of each photo, once each, padded with PADDING_WORD_ID."""

    def __len__(self) -> int:
        return len(self.photo_indices)


class Sampler:
    """Draws the batches of an epoch; the draw is a function of (seed, epoch) alone."""

    def __init__(
        self,
        bags: WeightedBags,
        vocabulary_size: int,
        target_mode: str,
        alpha: float,
        seed: int,
        max_photo_repeats: int = 0,
        word_weights: Doubles | None = None,
    ) -> None:
        """Prepare to draw from `bags`; photos without words are never drawn.

        Args:
            bags: The words of each training photo.
            vocabulary_size: Words in the vocabulary.
            target_mode: "sampled_word" or "soft_targets".
            alpha: The exponent of the inverse word frequency, from 0 (image-first) to 1 (word-first).
            seed: Any whole number.
            max_photo_repeats: Maximum number of draws of one photo in an epoch; 0 sets no limit.
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
        weights = np.ones(vocabulary_size) if word_weights is None else word_weights
        self._bags = bags.filter_words(weights > 0).deduplicate()
        if len(self._bags.words) == 0:
            raise ContractError("no training photo has a word of the vocabulary: look at dropped.tsv and quarantine")
        self._target_mode, self._seed = target_mode, seed
        self._distribution = build_sampling_distribution(self._bags, weights, alpha, max_photo_repeats)
        self._cumulative_probabilities = np.concatenate([[0.0], np.cumsum(self._distribution.word_probabilities)])
        self._photo_count = int(np.count_nonzero(self._bags.sizes))

    def __len__(self) -> int:
        """Draws in an epoch: as many as there are photos with words."""
        return self._photo_count

    @property
    def n_capped(self) -> int:
        """Photos that the cap keeps from being drawn as often as the balance has it."""
        return self._distribution.n_capped

    def max_draws(self, epoch: int) -> int:
        """How often the photo that comes most often comes in an epoch."""
        return int(np.bincount(self._sample_photos(epoch)[0]).max())

    def count_steps(self, batch_size: int) -> int:
        """Batches in an epoch. One photo left over joins the last batch, as batch norm cannot learn from one."""
        full_batches, remainder = divmod(len(self), batch_size)
        return full_batches + (remainder > 1 or full_batches == 0)

    def sample_epoch(self, epoch: int, batch_size: int) -> Iterator[Batch]:
        """Yield the batches of one epoch, `steps` many."""
        photos, random = self._sample_photos(epoch)
        word_ids = self._sample_words(photos, random) if self._target_mode == "sampled_word" else None
        steps = self.count_steps(batch_size)
        for step in range(steps):
            batch_slice = slice(step * batch_size, (step + 1) * batch_size if step + 1 < steps else None)
            yield _build_batch(
                self._bags,
                photos[batch_slice],
                self._distribution.word_probabilities,
                None if word_ids is None else word_ids[batch_slice],
            )

    def eval_batches(self, bags: WeightedBags, batch_size: int) -> Iterator[Batch]:
        """All photos of `bags` with words, in order, each with the distribution that this sampler draws words from.

        What validation measures: of other photos, but at the balance and weights of training. Words are as frequent as
        in training; one that training lacks counts as said once.
        """
        filtered = bags.filter_words(self._distribution.word_factors > 0).deduplicate()
        weights = filtered.weights * self._distribution.word_factors[filtered.words]
        photos = np.flatnonzero(filtered.sizes)
        for start in range(0, len(photos), batch_size):
            yield _build_batch(filtered, photos[start : start + batch_size], weights, None)

    def _sample_photos(self, epoch: int) -> tuple[Ints, np.random.Generator]:
        random = np.random.default_rng((self._seed, epoch))
        return sample_photos(self._distribution.expected_draws, random), random

    def _sample_words(self, photos: Ints, random: np.random.Generator) -> Ints:
        """One word of each photo, (photos, 1)."""
        first, end = self._bags.offsets[photos], self._bags.offsets[photos + 1]
        points = self._cumulative_probabilities[first] + random.random(len(photos)) * (
            self._cumulative_probabilities[end] - self._cumulative_probabilities[first]
        )
        entries = np.clip(np.searchsorted(self._cumulative_probabilities, points, side="right") - 1, first, end - 1)
        return self._bags.words[entries, None]


def _build_batch(bags: WeightedBags, photos: Ints, entry_weights: Doubles, sampled_words: Ints | None) -> Batch:
    """The photos with the words drawn, (batch, 1), or with all their words."""
    indices, is_word = bags.padded_indices(photos)
    words = bags.words[np.where(is_word, indices, bags.offsets[photos][:, None])]
    true_words = np.where(is_word, words, PADDING_WORD_ID)
    if sampled_words is not None:
        return Batch(photos, sampled_words, np.ones(sampled_words.shape, np.float32), true_words)
    weights = np.where(is_word, entry_weights[indices], 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return Batch(photos, words, weights.astype(np.float32), true_words)
