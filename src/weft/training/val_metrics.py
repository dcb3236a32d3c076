"""What the model is for, measured on val after each epoch: retrieval (mAP@R) and tagging (precision at 5).

Both use the embeddings z of the pass over val that measures val_loss: no photo is decoded or embedded once more. They
are measured on a sample of whole products with about MAX_PHOTOS photos, which is the same in every epoch.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import normalize

from weft.bags import WordBags
from weft.contracts.arrays import Bools, Ints
from weft.data.samplers import Batch
from weft.model.embedder import Embedder
from weft.ranking_metrics import map_at_r
from weft.training.objective import Objective
from weft.training.targets import Targets

MAX_PHOTOS = 1_000
"""About the number of photos in the sample."""
TAGS_TOP_K = 5
"""Number of words predicted for a photo, as in the table "tagging" of the evaluation."""
MIN_QUERIES = 100
"""Views of the same product are the positives if this many photos, or half of the sample, have another view."""
TEXT_NEIGHBOURS = 10
"""Without other views, the positives of a photo are those whose texts are the most similar: this many, or a tenth of a
smaller sample."""


class ValMetrics(NamedTuple):
    """The metrics of one pass over val; NaN if there is nothing to measure."""

    val_loss: float
    val_map_at_r: float
    val_tag_precision: float


@dataclass(frozen=True)
class ValBatch:
    """What the metrics need of a batch of val beside z, as tensors."""

    targets: Targets
    rows: torch.Tensor
    """(sampled,) rows of the batch whose photos are in the sample."""
    positions: torch.Tensor
    """(sampled,) positions of these photos in the sample."""


class ValSample:
    """Sampled photos of val, and for each of them the photos that a search should find."""

    def __init__(self, bags: WordBags, products: Ints, batches: Iterable[Batch]) -> None:
        """Choose the photos and their positives.

        Args:
            bags: The bags of words of all val photos.
            products: (val photos,) the product of each photo as an integer.
            batches: All batches of the pass over val; only their photos are sampled.
        """
        photos = np.sort(np.concatenate([np.empty(0, np.int64), *(batch.photo_indices for batch in batches)]))
        self.photos = _sample_products(photos, products)
        sampled_products = products[self.photos]
        is_same_product = sampled_products[:, None] == sampled_products[None, :]
        is_other_photo = ~np.eye(len(self.photos), dtype=bool)
        is_positive, is_candidate = is_same_product & is_other_photo, is_other_photo
        num_with_views = int(is_positive.any(axis=1).sum())
        if num_with_views < min(MIN_QUERIES, len(self.photos) / 2):
            is_candidate = ~is_same_product
            is_positive = _find_similar_texts(bags, self.photos, is_candidate)
        self._queries = np.flatnonzero(is_positive.any(axis=1))
        self._is_positive, self._is_candidate = is_positive[self._queries], is_candidate[self._queries]

    def __len__(self) -> int:
        """Return the number of sampled photos."""
        return len(self.photos)

    def prepare(self, batch: Batch, objective: Objective) -> ValBatch:
        """Return what the metrics need of a batch of val, on the CPU."""
        rows = positions = np.empty(0, np.int64)
        if len(self.photos):
            nearest = np.searchsorted(self.photos, batch.photo_indices).clip(max=len(self.photos) - 1)
            rows = np.flatnonzero(self.photos[nearest] == batch.photo_indices)
            positions = nearest[rows]
        return ValBatch(objective.prepare_validation(batch), torch.from_numpy(rows), torch.from_numpy(positions))

    def compute_map_at_r(self, z: torch.Tensor) -> float:
        """Return the mean mAP@R of all queries, ranked by cosine; NaN if there are none or z is not finite.

        Args:
            z: (sampled photos, retrieval_dim).
        """
        if not len(self._queries) or not bool(torch.isfinite(z).all()):
            return float("nan")
        unit_z = normalize(z.float(), dim=1)
        similarity = unit_z[self._queries] @ unit_z.T
        similarity.masked_fill_(~torch.from_numpy(self._is_candidate).to(z.device), -torch.inf)
        num_positives = self._is_positive.sum(axis=1)
        ranking = similarity.argsort(dim=1, descending=True, stable=True)[:, : int(num_positives.max())]
        hits = np.take_along_axis(self._is_positive, ranking.cpu().numpy(), axis=1)
        return float(map_at_r(hits, num_positives).mean())


def _sample_products(photos: Ints, products: Ints) -> Ints:
    """Return the photos of every n-th product, about MAX_PHOTOS, or all `photos` if they are fewer; ascending."""
    step = -(-len(photos) // MAX_PHOTOS)
    if step <= 1:
        return photos
    _, first = np.unique(products[photos], return_index=True)
    sampled_products = products[photos[np.sort(first)[::step]]]
    sampled: Ints = photos[np.isin(products[photos], sampled_products)]
    return sampled


def _find_similar_texts(bags: WordBags, photos: Ints, is_candidate: Bools) -> Bools:
    """Return which candidates have the most similar texts, (photos, photos), by the cosine of their tf-idf.

    Those that tie with the last one are included. A text without a common word is not similar.
    """
    from sklearn.feature_extraction.text import TfidfTransformer

    if not len(photos):
        return is_candidate
    present = bags.take(photos).unique().to_csr(int(bags.words.max(initial=0)) + 1)
    tf_idf = TfidfTransformer().fit_transform(present)
    similarity = np.where(is_candidate, (tf_idf @ tf_idf.T).toarray(), 0.0)
    last = np.sort(similarity, axis=1)[:, -min(TEXT_NEIGHBOURS, 1 + len(photos) // 10)]
    is_similar: Bools = (similarity >= last[:, None]) & (similarity > 0)
    return is_similar


def measure_words(
    embedded_batches: Iterable[tuple[torch.Tensor, ValBatch]],
    model: Embedder,
    objective: Objective,
    sample: ValSample,
    all_reduce_sum: Callable[[torch.Tensor], torch.Tensor] = lambda tensor: tensor,
) -> tuple[float, float]:
    """Return val_loss and val_tag_precision of a model.

    Args:
        embedded_batches: Pairs of embeddings, (batch, embedding_dim), and their batch of `ValSample.prepare` on the
            same device; only those that this process embeds. val_loss is the mean over their photos alone.
        model: The model that holds W and the bias.
        objective: The training loss.
        sample: The photos for which words are predicted.
        all_reduce_sum: Adds up a tensor over all processes.
    """
    precision = torch.zeros(len(sample), device=model.words.device)

    def iter_and_collect() -> Iterator[tuple[torch.Tensor, Targets]]:
        for z, batch in embedded_batches:
            if len(batch.rows):
                scores = objective.score_words(z[batch.rows].float(), model)
                precision[batch.positions] = _compute_tag_precision(scores, batch.targets.true_words[batch.rows])
            yield z, batch.targets

    val_loss = objective.validate(iter_and_collect(), model)
    return val_loss, float(all_reduce_sum(precision).double().mean())


def _compute_tag_precision(scores: torch.Tensor, true_words: torch.Tensor) -> torch.Tensor:
    """Return the share of the TAGS_TOP_K best words of each photo that are in its text, (photos,); NaN for NaN scores.

    Args:
        scores: (photos, words).
        true_words: Ids of all words of each photo, (photos, true words), padded with a negative number.
    """
    predicted = scores.topk(min(TAGS_TOP_K, scores.shape[1]), dim=1).indices
    is_correct = (predicted[:, :, None] == true_words[:, None, :]).any(dim=2)
    is_finite = torch.isfinite(scores).all(dim=1)
    return torch.where(is_finite, is_correct.float().mean(dim=1), torch.nan)
