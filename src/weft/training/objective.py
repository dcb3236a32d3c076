"""The training objective of params.yaml, and the yardstick that goes with it: an epoch is judged by what it was for."""

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import normalize

from weft.data.bags import Bags, Doubles
from weft.data.samplers import Batch, Sampler
from weft.loss.binary_cross_entropy import binary_cross_entropy
from weft.loss.contrastive import contrastive
from weft.loss.full_softmax import full_softmax
from weft.loss.narrow import Narrowed
from weft.loss.proposals import Proposal
from weft.loss.sampled_softmax import sampled_softmax
from weft.loss.similarity import similarity
from weft.model.embedder import Embedder
from weft.params import Training
from weft.training.first_words import check_first_loss


def training_sampler(
    bags: Bags, vocabulary_size: int, settings: Training, word_weights: Doubles | None = None
) -> Sampler:
    """The sampler of `settings` over training photos."""
    return Sampler(
        bags, vocabulary_size, settings.target, settings.balance, settings.seed, settings.most_draws, word_weights
    )


class Objective:
    """The loss of `settings`; W and the bias are those of the model it is asked about."""

    def __init__(
        self, settings: Training, said: npt.NDArray[np.int64], like_bags: float = 0.0, like_temperature: float = 1.0
    ) -> None:
        """Prepare to draw negatives.

        Args:
            settings: Which loss, and its own keys.
            said: (vocabulary,) how often training photos' texts say each word.
            like_bags: Weight of the term by which photos with like bags lie close together.
            like_temperature: Its temperature.
        """
        self._settings = settings
        self._like_bags, self._like_temperature = like_bags, like_temperature
        self._proposal = Proposal(settings.proposal, said)

    def __call__(self, z: torch.Tensor, model: Embedder, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """The training loss of one batch of embeddings, (batch, embedding_dim), in float32."""
        z = z.float()
        loss = self._of_words(z, model, batch, generator)
        if not self._like_bags:
            return loss
        like = similarity(z, _on(batch.targets, z), _on(batch.weights, z), len(model.words), self._like_temperature)
        return loss + self._like_bags * like

    def _of_words(
        self, z: torch.Tensor, model: Embedder, batch: Batch, generator: torch.Generator, exact: bool = False
    ) -> torch.Tensor:
        targets, weights = _on(batch.targets, z), _on(batch.weights, z)
        stands_for_full = self._settings.loss == "sampled_softmax" and self._settings.correction
        if self._settings.loss == "full_softmax" or (exact and stands_for_full):
            return full_softmax(*self._scaled(z, model.words), targets, weights, model.bias)
        if self._settings.loss == "binary_cross_entropy":
            true_words = _on(batch.true_words, z)
            return binary_cross_entropy(*self._scaled(z, model.words), targets, weights, true_words, model.bias)
        if self._settings.loss == "contrastive":
            some = Narrowed(len(model.words), targets)
            words = normalize(some.rows(model.words), dim=1)
            return contrastive(z, words, some.places(targets), weights, self._settings.temperature)
        return self._sampled(z, model, batch, generator)

    def _sampled(self, z: torch.Tensor, model: Embedder, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        settings = self._settings
        targets, weights, true_words = _on(batch.targets, z), _on(batch.weights, z), _on(batch.true_words, z)
        sets = 1 if settings.shared_negatives else len(z)
        negatives = self._proposal.draw(sets, settings.negatives, generator).to(z.device)
        # Negatives come first, so that the loss scores every photo against them and no further.
        some = Narrowed(len(model.words), negatives, targets)
        log_expected = None
        if settings.correction:
            log_expected = self._proposal.log_q.to(z.device)[some.ids] + math.log(settings.negatives)
        return sampled_softmax(
            *self._scaled(z, some.rows(model.words)),
            some.places(targets),
            weights,
            some.places(negatives),
            log_expected,
            some.places(true_words) if settings.mask_true_words else None,
            None if model.bias is None else some.rows(model.bias),
        )

    @torch.no_grad()
    def validate(self, embedded: Iterable[tuple[torch.Tensor, Batch]], model: Embedder) -> float:
        """Mean loss of words over photos given as (z, expected targets); NaN when there are none.

        The loss that is trained, without its noise: of sampled softmax with correction the full softmax, which it
        stands for; without, the same negatives each time.
        """
        total, photos = 0.0, 0
        for z, batch in embedded:
            same_each_time = torch.Generator().manual_seed(int(batch.photos[0]))
            total += float(self._of_words(z.float(), model, batch, same_each_time, exact=True)) * len(z)
            photos += len(z)
        return total / photos if photos else float("nan")

    @torch.no_grad()
    def check_first_loss(self, z: torch.Tensor, model: Embedder, batch: Batch) -> None:
        """Raise ModelError unless the first full-softmax loss of a fresh W is close to ln K."""
        check_first_loss(*self._scaled(z.float(), model.words), batch)

    def _scaled(self, z: torch.Tensor, words: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self._scaled_z(z), self._scaled_words(words)

    def _scaled_z(self, z: torch.Tensor) -> torch.Tensor:
        return normalize(z, dim=1) if self._settings.normalise else z

    def _scaled_words(self, words: torch.Tensor) -> torch.Tensor:
        return finished_words(words, self._settings)


def finished_words(words: torch.Tensor, settings: Training, length: float = 1.0) -> torch.Tensor:
    """W as the world gets it, so that the plain product with z, `length` long, is the score that was trained."""
    return normalize(words, dim=1) / (settings.temperature * length) if settings.normalise else words


def _on(array: npt.NDArray[np.generic], beside: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(array).to(beside.device)
