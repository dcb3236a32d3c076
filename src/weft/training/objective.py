"""The training loss that params.yaml selects, and the validation loss that measures the same objective."""

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import normalize

from weft.bags import WordBags
from weft.contracts.arrays import Floats
from weft.data.samplers import Batch, Sampler
from weft.loss.bag_similarity import bag_similarity_loss
from weft.loss.binary_cross_entropy import binary_cross_entropy
from weft.loss.contrastive import contrastive
from weft.loss.full_softmax import full_softmax
from weft.loss.negative_sampling import NegativeSampler
from weft.loss.sampled_softmax import sampled_softmax
from weft.loss.sparse_rows import RowSubset
from weft.model.embedder import Embedder
from weft.params import (
    BagSimilarity,
    BinaryCrossEntropyLoss,
    ContrastiveLoss,
    CosineLogits,
    FullSoftmaxLoss,
    Logits,
    Loss,
    SampledSoftmaxLoss,
    Training,
)
from weft.training.head_init import check_initial_loss


def build_sampler(
    bags: WordBags, vocabulary_size: int, training: Training, word_weights: Floats | None = None
) -> Sampler:
    """Return the sampler of training photos that the section training of params.yaml describes.

    Args:
        bags: The bags of words of the training photos.
        vocabulary_size: Number of words.
        training: The section training.
        word_weights: (words,) weight of each word, at least 0; None weights all words equally.
    """
    sampling = training.sampling
    return Sampler(
        bags,
        vocabulary_size,
        training.targets,
        sampling.inverse_frequency_exponent,
        training.seed,
        sampling.max_photo_repeats,
        word_weights,
    )


class Objective:
    """The training loss; W and the bias are read from the model of each call."""

    def __init__(
        self,
        loss: Loss,
        logits: Logits,
        word_counts: npt.NDArray[np.int64],
        bag_similarity: BagSimilarity | None = None,
    ) -> None:
        """Build the objective and, for sampled softmax, the sampler of negatives.

        Args:
            loss: The loss over words, training.loss.
            logits: How logits are computed from z and W, training.logits.
            word_counts: (words,) number of training photos with each word.
            bag_similarity: The additional loss between photos, finetune.bag_similarity; None omits it.
        """
        self._loss, self._logits, self._bag_similarity = loss, logits, bag_similarity
        self._negative_sampler = (
            NegativeSampler(loss.negative_distribution, word_counts) if isinstance(loss, SampledSoftmaxLoss) else None
        )

    def __call__(self, z: torch.Tensor, model: Embedder, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Return the mean training loss of a batch, computed in float32.

        Args:
            z: Embeddings, (batch, embedding_dim).
            model: The model that holds W and the bias.
            batch: The target words of the photos.
            generator: Draws the negatives of sampled softmax.
        """
        z = z.float()
        loss = self._word_loss(z, model, batch, generator)
        if self._bag_similarity is None or not self._bag_similarity.weight:
            return loss
        similarity_loss = bag_similarity_loss(
            z,
            _to_device(batch.targets, z),
            _to_device(batch.weights, z),
            len(model.words),
            self._bag_similarity.temperature,
        )
        return loss + self._bag_similarity.weight * similarity_loss

    def _word_loss(
        self, z: torch.Tensor, model: Embedder, batch: Batch, generator: torch.Generator, exact: bool = False
    ) -> torch.Tensor:
        """Return the mean loss over words; `exact` replaces sampled softmax with correction by the full softmax."""
        targets, weights = _to_device(batch.targets, z), _to_device(batch.weights, z)
        approximates_full_softmax = isinstance(self._loss, SampledSoftmaxLoss) and self._loss.logq_correction
        if isinstance(self._loss, FullSoftmaxLoss) or (exact and approximates_full_softmax):
            return full_softmax(*self._scale(z, model.words), targets, weights, model.bias)
        if isinstance(self._loss, BinaryCrossEntropyLoss):
            true_words = _to_device(batch.true_words, z)
            return binary_cross_entropy(*self._scale(z, model.words), targets, weights, true_words, model.bias)
        if isinstance(self._loss, ContrastiveLoss):
            assert isinstance(self._logits, CosineLogits)  # load_params rejects other logits.
            subset = RowSubset(len(model.words), targets)
            words = normalize(subset.gather(model.words), dim=1)
            return contrastive(z, words, subset.local_ids(targets), weights, self._logits.temperature)
        return self._sampled_softmax_loss(self._loss, z, model, batch, generator)

    def _sampled_softmax_loss(
        self, loss: SampledSoftmaxLoss, z: torch.Tensor, model: Embedder, batch: Batch, generator: torch.Generator
    ) -> torch.Tensor:
        """Return the sampled-softmax loss; only the rows of W that the step needs are gathered."""
        assert self._negative_sampler is not None
        targets, weights, true_words = (
            _to_device(batch.targets, z),
            _to_device(batch.weights, z),
            _to_device(batch.true_words, z),
        )
        num_draws = 1 if loss.share_negatives_in_batch else len(z)
        negatives = self._negative_sampler.sample(num_draws, loss.num_negatives, generator).to(z.device)
        # The negatives are the first rows of the subset, so that the loss scores every photo against those rows only.
        subset = RowSubset(len(model.words), negatives, targets)
        log_expected_counts = None
        if loss.logq_correction:
            log_expected_counts = self._negative_sampler.log_q.to(z.device)[subset.ids] + math.log(loss.num_negatives)
        return sampled_softmax(
            *self._scale(z, subset.gather(model.words)),
            subset.local_ids(targets),
            weights,
            subset.local_ids(negatives),
            log_expected_counts,
            subset.local_ids(true_words) if loss.remove_accidental_hits else None,
            None if model.bias is None else subset.gather(model.bias),
        )

    @torch.no_grad()
    def validate(self, embedded_batches: Iterable[tuple[torch.Tensor, Batch]], model: Embedder) -> float:
        """Return the mean loss over words on photos that are not trained on.

        It is the training loss without its noise. Sampled softmax with logQ correction is replaced by the full softmax,
        which it approximates. Sampled softmax without correction uses the same negatives at every call.

        Args:
            embedded_batches: Pairs of embeddings, (batch, embedding_dim), and a batch with all words as targets.
            model: The model that holds W and the bias.

        Returns:
            The mean over photos, or NaN if there are no photos.
        """
        total, photos = 0.0, 0
        for z, batch in embedded_batches:
            fixed_generator = torch.Generator().manual_seed(int(batch.photo_indices[0]))
            total += float(self._word_loss(z.float(), model, batch, fixed_generator, exact=True)) * len(z)
            photos += len(z)
        return total / photos if photos else float("nan")

    def score_words(self, z: torch.Tensor, model: Embedder) -> torch.Tensor:
        """Return the logits of all words, (batch, words), for embeddings z, (batch, embedding_dim)."""
        scaled_z, words = self._scale(z, model.words)
        logits = scaled_z @ words.T
        return logits if model.bias is None else logits + model.bias.T

    @torch.no_grad()
    def check_initial_loss(self, z: torch.Tensor, model: Embedder, batch: Batch) -> None:
        """Check the initial W on embeddings z, (batch, embedding_dim).

        Raises:
            ModelError: The full-softmax loss is not close to ln(number of words).
        """
        check_initial_loss(*self._scale(z.float(), model.words), batch)

    def _scale(self, z: torch.Tensor, words: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return z and W scaled so that their dot products are the logits."""
        scaled_z = normalize(z, dim=1) if isinstance(self._logits, CosineLogits) else z
        return scaled_z, export_head_weights(words, self._logits)


def export_head_weights(words: torch.Tensor, logits: Logits, norm: float = 1.0) -> torch.Tensor:
    """Return W scaled so that its dot product with z is the logit that was trained.

    Args:
        words: W, (words, embedding_dim).
        logits: The setting training.logits; only cosine logits are scaled.
        norm: The L2 norm of z.
    """
    return normalize(words, dim=1) / (logits.temperature * norm) if isinstance(logits, CosineLogits) else words


def _to_device(array: npt.NDArray[np.generic], reference: torch.Tensor) -> torch.Tensor:
    """Return the array as a tensor on the device of `reference`."""
    return torch.from_numpy(array).to(reference.device)
