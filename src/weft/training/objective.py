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
from weft.training.targets import Targets


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
        device: str = "cpu",
    ) -> None:
        """Build the objective and, for sampled softmax, the sampler of negatives.

        Args:
            loss: The loss over words, training.loss.
            logits: How logits are computed from z and W, training.logits.
            word_counts: (words,) number of training photos with each word.
            bag_similarity: The additional loss between photos, finetune.bag_similarity; None omits it.
            device: The torch device of the model.
        """
        self._loss, self._logits, self._bag_similarity = loss, logits, bag_similarity
        self._negative_samplers: dict[str, NegativeSampler] = {}
        if isinstance(loss, SampledSoftmaxLoss):
            sampler = NegativeSampler(loss.negative_distribution, word_counts)
            # Both are kept: negatives are drawn on the CPU ahead of the step, or on the device.
            self._negative_samplers = {"cpu": sampler, torch.device(device).type: sampler.to(device)}

    @property
    def has_sparse_gradient(self) -> bool:
        """Whether the gradient of W is sparse, because a step needs only some of its rows."""
        return isinstance(self._loss, SampledSoftmaxLoss | ContrastiveLoss)

    @property
    def is_sum_over_photos(self) -> bool:
        """Whether the loss of a batch is the mean of losses of single photos, and does not compare photos."""
        compares_photos = self._bag_similarity is not None and self._bag_similarity.weight > 0
        return not isinstance(self._loss, ContrastiveLoss) and not compares_photos

    def prepare(self, batch: Batch, generator: torch.Generator | None = None) -> Targets:
        """Return the targets of a batch on the CPU; threads may prepare them ahead of the training step.

        Args:
            batch: The target words of the photos.
            generator: A generator on the CPU, which draws the negatives of sampled softmax; None leaves them out.

        Raises:
            ValueError: A photo has no target of positive weight.
        """
        if (batch.weights.sum(axis=1) <= 0).any():
            raise ValueError(
                "expected at least one target of positive weight per photo: leave photos without words out of the batch"
            )
        words, weights, true_words = map(torch.from_numpy, (batch.targets, batch.weights, batch.true_words))
        negatives = None if generator is None else self.sample_negatives(len(batch), generator)
        return Targets(words, weights, true_words, negatives)

    def sample_negatives(self, batch_size: int, generator: torch.Generator) -> torch.Tensor | None:
        """Return the negatives of a batch as in `Targets`, on the device of `generator`; None if the loss has none."""
        if not isinstance(self._loss, SampledSoftmaxLoss):
            return None
        num_draws = 1 if self._loss.share_negatives_in_batch else batch_size
        sampler = self._negative_samplers[generator.device.type]
        return sampler.sample(num_draws, self._loss.num_negatives, generator)

    def __call__(self, z: torch.Tensor, model: Embedder, targets: Targets) -> torch.Tensor:
        """Return the mean training loss of a batch, computed in float32.

        Args:
            z: Embeddings, (batch, embedding_dim).
            model: The model that holds W and the bias.
            targets: The target words of the photos, on the device of z.
        """
        z = z.float()
        loss = self._word_loss(z, model, targets)
        if self._bag_similarity is None or not self._bag_similarity.weight:
            return loss
        similarity_loss = bag_similarity_loss(
            z, targets.words, targets.weights, len(model.words), self._bag_similarity.temperature
        )
        return loss + self._bag_similarity.weight * similarity_loss

    def _word_loss(self, z: torch.Tensor, model: Embedder, targets: Targets) -> torch.Tensor:
        """Return the mean loss over words."""
        if isinstance(self._loss, FullSoftmaxLoss):
            return full_softmax(*self._scale(z, model.words), targets.words, targets.weights, model.bias)
        if isinstance(self._loss, BinaryCrossEntropyLoss):
            scaled = self._scale(z, model.words)
            return binary_cross_entropy(*scaled, targets.words, targets.weights, targets.true_words, model.bias)
        if isinstance(self._loss, ContrastiveLoss):
            assert isinstance(self._logits, CosineLogits)  # load_params rejects other logits.
            subset = RowSubset(len(model.words), targets.words)
            words = normalize(subset.gather(model.words), dim=1)
            return contrastive(z, words, subset.local_ids(targets.words), targets.weights, self._logits.temperature)
        return self._sampled_softmax_loss(self._loss, z, model, targets)

    def _sampled_softmax_loss(
        self, loss: SampledSoftmaxLoss, z: torch.Tensor, model: Embedder, targets: Targets
    ) -> torch.Tensor:
        """Return the sampled-softmax loss; only the rows of W that the step needs are gathered."""
        assert targets.negatives is not None
        # The negatives are the first rows of the subset, so that the loss scores every photo against those rows only.
        subset = RowSubset(len(model.words), targets.negatives, targets.words)
        log_expected_counts = None
        if loss.logq_correction:
            log_q = self._negative_samplers[z.device.type].log_q
            log_expected_counts = log_q[subset.ids] + math.log(loss.num_negatives)
        return sampled_softmax(
            *self._scale(z, subset.gather(model.words)),
            subset.local_ids(targets.words),
            targets.weights,
            subset.local_ids(targets.negatives),
            log_expected_counts,
            subset.local_ids(targets.true_words) if loss.remove_accidental_hits else None,
            None if model.bias is None else subset.gather(model.bias),
            subset.num_first,
        )

    def prepare_validation(self, batch: Batch) -> Targets:
        """Return the targets of a batch of val; its negatives, if there are any, are the same at every call."""
        return self.prepare(batch, torch.Generator().manual_seed(int(batch.photo_indices[0])))

    @torch.no_grad()
    def validate(self, embedded_batches: Iterable[tuple[torch.Tensor, Targets]], model: Embedder) -> float:
        """Return the mean loss over words on photos that are not trained on.

        It is the training loss without its noise. Sampled softmax with logQ correction is replaced by the full softmax,
        which it approximates. Sampled softmax without correction uses the same negatives at every call.

        Args:
            embedded_batches: Pairs of embeddings, (batch, embedding_dim), and targets of `prepare_validation`.
            model: The model that holds W and the bias.

        Returns:
            The mean over photos, or NaN if there are no photos.
        """
        # The sum stays on the device, so that no batch waits for it.
        total, photos = torch.zeros((), dtype=torch.float64, device=model.words.device), 0
        for z, targets in embedded_batches:
            total += self._validation_loss(z.float(), model, targets).double() * len(z)
            photos += len(z)
        return float(total) / photos if photos else float("nan")

    def _validation_loss(self, z: torch.Tensor, model: Embedder, targets: Targets) -> torch.Tensor:
        """Return the mean loss over words, with the full softmax for sampled softmax with correction."""
        if isinstance(self._loss, SampledSoftmaxLoss) and self._loss.logq_correction:
            return full_softmax(*self._scale(z, model.words), targets.words, targets.weights, model.bias)
        return self._word_loss(z, model, targets)

    def score_words(self, z: torch.Tensor, model: Embedder) -> torch.Tensor:
        """Return the logits of all words, (batch, words), for embeddings z, (batch, embedding_dim)."""
        scaled_z, words = self._scale(z, model.words)
        logits = scaled_z @ words.T
        return logits if model.bias is None else logits + model.bias.T

    @torch.no_grad()
    def check_initial_loss(self, z: npt.NDArray[np.float16], model: Embedder, batch: Batch) -> None:
        """Check the initial W on the photos of a batch, whose embeddings are rows of z, (photos, embedding_dim).

        Raises:
            ModelError: The full-softmax loss is not close to ln(number of words).
        """
        batch_z = torch.from_numpy(z[batch.photo_indices].astype(np.float32)).to(model.words.device)
        check_initial_loss(*self._scale(batch_z, model.words), batch)

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
