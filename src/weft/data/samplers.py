"""The sampler: it draws the photos and the target words of each batch.

With the targets `sampled_word` it draws a photo and one of its words, as the paper does. With `soft_targets` it draws
the photo in the same way, and its targets are all words of the photo with their probabilities: the expected gradient is
the same, with less noise. `weft.data.sampling_distribution` computes how often each photo and word is drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from weft.bags import WordBags
from weft.contracts.arrays import Floats, Ints, Scores
from weft.data.sampling_distribution import build_sampling_distribution, sample_photos
from weft.errors import ContractError

PADDING_WORD_ID = -1
"""The padding of `Batch.true_words`."""


@dataclass(frozen=True)
class Batch:
    """The photos and target words of one training step."""

    photo_indices: Ints
    """Indices of the photos in the photo store, (batch,)."""
    targets: Ints
    """Word ids, (batch, targets), padded with the photo's first word."""
    weights: Scores
    """Weights of the targets, (batch, targets); each row sums to 1, and padding has weight 0."""
    true_words: Ints
    """Ids of all words of each photo, without repeats, (batch, true words), padded with PADDING_WORD_ID."""

    def __len__(self) -> int:
        return len(self.photo_indices)


class Sampler:
    """Draws the batches of an epoch; they depend only on the arguments, the seed and the epoch."""

    def __init__(
        self,
        bags: WordBags,
        vocabulary_size: int,
        target_mode: str,
        alpha: float,
        seed: int,
        max_photo_repeats: int = 0,
        word_weights: Floats | None = None,
    ) -> None:
        """Prepare the distribution of draws from `bags`; photos without words are never drawn.

        Args:
            bags: The words of each training photo.
            vocabulary_size: Number of words in the vocabulary.
            target_mode: "sampled_word" or "soft_targets".
            alpha: The exponent of the inverse word frequency, from 0 (image-first) to 1 (word-first).
            seed: Seed of the draws, at least 0.
            max_photo_repeats: Maximum number of draws of one photo in an epoch; 0 sets no limit.
            word_weights: Weight of each word in the loss, (vocabulary_size,), at least 0. A word of weight 0 is removed
                from all photos. None gives all words the weight 1.

        Raises:
            ContractError: No photo has a word, or a word of a photo is not in the vocabulary.
        """
        if len(bags.words) and bags.words.max() >= vocabulary_size:
            raise ContractError(
                f"documents: expected word ids below {vocabulary_size}, the size of the vocabulary, "
                f"got {bags.words.max()}; run the stage documents with this words.tsv"
            )
        weights = np.ones(vocabulary_size) if word_weights is None else word_weights
        self._bags = bags.filter_words(weights > 0).sum_repeats()
        if len(self._bags.words) == 0:
            raise ContractError(
                "no training photo has a word of the vocabulary: see dropped.tsv of the stage vocabulary and "
                "products_without_words in the report of the stage documents"
            )
        self._target_mode, self._seed = target_mode, seed
        self._distribution = build_sampling_distribution(self._bags, weights, alpha, max_photo_repeats)
        self._cumulative_probabilities = np.concatenate([[0.0], np.cumsum(self._distribution.word_probabilities)])
        self._photo_count = int(np.count_nonzero(self._bags.sizes))

    def __len__(self) -> int:
        """Return the number of draws in an epoch, which is the number of photos with words."""
        return self._photo_count

    @property
    def n_capped(self) -> int:
        """Number of photos whose draws max_photo_repeats reduces."""
        return self._distribution.n_capped

    def max_draws(self, epoch: int) -> int:
        """Return the largest number of draws of one photo in an epoch."""
        return int(np.bincount(self._sample_photos(epoch)[0]).max())

    def count_steps(self, batch_size: int) -> int:
        """Return the number of batches in an epoch.

        A remainder of one photo is added to the last batch, because batch norm cannot be trained on one photo.
        """
        full_batches, remainder = divmod(len(self), batch_size)
        return full_batches + (remainder > 1 or full_batches == 0)

    def sample_epoch(self, epoch: int, batch_size: int) -> Iterator[Batch]:
        """Yield the batches of one epoch; there are `count_steps(batch_size)` of them."""
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

    def eval_batches(self, bags: WordBags, batch_size: int) -> Iterator[Batch]:
        """Yield all photos of `bags` that have words, in order, with their soft targets.

        The validation loss is computed on these batches. The probabilities of words use the word frequencies, the word
        weights and alpha of the training photos; a word that no training photo has counts as if it occurred once.
        """
        filtered = bags.filter_words(self._distribution.word_factors > 0).sum_repeats()
        weights = filtered.entry_weights * self._distribution.word_factors[filtered.words]
        photos = np.flatnonzero(filtered.sizes)
        for start in range(0, len(photos), batch_size):
            yield _build_batch(filtered, photos[start : start + batch_size], weights, None)

    def _sample_photos(self, epoch: int) -> tuple[Ints, np.random.Generator]:
        random = np.random.default_rng((self._seed, epoch))
        return sample_photos(self._distribution.expected_draws, random), random

    def _sample_words(self, photos: Ints, random: np.random.Generator) -> Ints:
        """Return one sampled word of each photo, (photos, 1)."""
        first, end = self._bags.offsets[photos], self._bags.offsets[photos + 1]
        points = self._cumulative_probabilities[first] + random.random(len(photos)) * (
            self._cumulative_probabilities[end] - self._cumulative_probabilities[first]
        )
        entries = np.clip(np.searchsorted(self._cumulative_probabilities, points, side="right") - 1, first, end - 1)
        return self._bags.words[entries, None].astype(np.int64)


def _build_batch(bags: WordBags, photos: Ints, entry_weights: Floats, sampled_words: Ints | None) -> Batch:
    """Return a batch whose targets are `sampled_words`, (batch, 1), or, with None, all words of each photo."""
    indices, is_word = bags.padded_indices(photos)
    words = bags.words[np.where(is_word, indices, bags.offsets[photos][:, None])].astype(np.int64)
    true_words = np.where(is_word, words, PADDING_WORD_ID)
    if sampled_words is not None:
        return Batch(photos, sampled_words, np.ones(sampled_words.shape, np.float32), true_words)
    weights = np.where(is_word, entry_weights[indices], 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return Batch(photos, words, weights.astype(np.float32), true_words)
