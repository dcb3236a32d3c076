"""The training objective of params.yaml, and the yardstick that goes with it: an epoch is judged by what it was for."""

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import normalize

from weft.data.bags import Doubles, WeightedBags
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
    bags: WeightedBags, vocabulary_size: int, training: Training, word_weights: Doubles | None = None
) -> Sampler:
    """Return the sampler over training photos that the section training describes."""
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
    """The loss of `settings`; W and the bias are those of the model it is asked about."""

    def __init__(
        self,
        loss: Loss,
        logits: Logits,
        word_counts: npt.NDArray[np.int64],
        bag_similarity: BagSimilarity | None = None,
    ) -> None:
        """Prepare to draw negatives.

        Args:
            loss: The loss over words.
            logits: How logits are computed from z and W.
            word_counts: (vocabulary,) number of training photos with each word.
            bag_similarity: The second loss; None omits it.
        """
        self._loss, self._logits, self._bag_similarity = loss, logits, bag_similarity
        self._negative_sampler = (
            NegativeSampler(loss.negative_distribution, word_counts) if isinstance(loss, SampledSoftmaxLoss) else None
        )

    def __call__(self, z: torch.Tensor, model: Embedder, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """The training loss of one batch of embeddings, (batch, embedding_dim), in float32."""
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
        targets, weights = _to_device(batch.targets, z), _to_device(batch.weights, z)
        approximates_full_softmax = isinstance(self._loss, SampledSoftmaxLoss) and self._loss.logq_correction
        if isinstance(self._loss, FullSoftmaxLoss) or (exact and approximates_full_softmax):
            return full_softmax(*self._scale(z, model.words), targets, weights, model.bias)
        if isinstance(self._loss, BinaryCrossEntropyLoss):
            true_words = _to_device(batch.true_words, z)
            return binary_cross_entropy(*self._scale(z, model.words), targets, weights, true_words, model.bias)
        if isinstance(self._loss, ContrastiveLoss):
            assert isinstance(self._logits, CosineLogits)  # load_params refuses other logits
            subset = RowSubset(len(model.words), targets)
            words = normalize(subset.gather(model.words), dim=1)
            return contrastive(z, words, subset.local_ids(targets), weights, self._logits.temperature)
        return self._sampled_softmax_loss(self._loss, z, model, batch, generator)

    def _sampled_softmax_loss(
        self, loss: SampledSoftmaxLoss, z: torch.Tensor, model: Embedder, batch: Batch, generator: torch.Generator
    ) -> torch.Tensor:
        assert self._negative_sampler is not None
        targets, weights, true_words = (
            _to_device(batch.targets, z),
            _to_device(batch.weights, z),
            _to_device(batch.true_words, z),
        )
        num_draws = 1 if loss.share_negatives_in_batch else len(z)
        negatives = self._negative_sampler.sample(num_draws, loss.num_negatives, generator).to(z.device)
        # Negatives come first, so that the loss scores every photo against them and no further.
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
        """Mean loss of words over photos given as (z, expected targets); NaN when there are none.

        The loss that is trained, without its noise: of sampled softmax with correction the full softmax, which it
        stands for; without, the same negatives each time.
        """
        total, photos = 0.0, 0
        for z, batch in embedded_batches:
            fixed_generator = torch.Generator().manual_seed(int(batch.photo_indices[0]))
            total += float(self._word_loss(z.float(), model, batch, fixed_generator, exact=True)) * len(z)
            photos += len(z)
        return total / photos if photos else float("nan")

    @torch.no_grad()
    def check_initial_loss(self, z: torch.Tensor, model: Embedder, batch: Batch) -> None:
        """Raise ModelError unless the first full-softmax loss of a fresh W is close to ln K."""
        check_initial_loss(*self._scale(z.float(), model.words), batch)

    def _scale(self, z: torch.Tensor, words: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self._scale_z(z), self._scale_words(words)

    def _scale_z(self, z: torch.Tensor) -> torch.Tensor:
        return normalize(z, dim=1) if isinstance(self._logits, CosineLogits) else z

    def _scale_words(self, words: torch.Tensor) -> torch.Tensor:
        return export_head_weights(words, self._logits)


def export_head_weights(words: torch.Tensor, logits: Logits, norm: float = 1.0) -> torch.Tensor:
    """W as the world gets it, so that the plain product with z, `length` long, is the score that was trained."""
    return normalize(words, dim=1) / (logits.temperature * norm) if isinstance(logits, CosineLogits) else words


def _to_device(array: npt.NDArray[np.generic], reference: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(array).to(reference.device)
