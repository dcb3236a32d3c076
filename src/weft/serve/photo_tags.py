"""The tags of a photo, with probabilities where the calibration has them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from weft.api import Model
from weft.contracts.arrays import Scores
from weft.errors import ContractError, ModelError
from weft.progress import log_line
from weft.tagging.platt_scaling import probabilities
from weft.tagging.tag_head import TagHead, read_calibrated_head
from weft.tagging.thresholds import CalibratedWords


@dataclass(frozen=True)
class PhotoTag:
    """A word for a photo."""

    word: str
    score: float
    """The logit of the word."""
    probability: float | None
    """The probability that the text of such a product has the word; None for a word without a threshold."""
    is_predicted: bool
    """Whether the word reaches its threshold."""


class CalibratedTagger:
    """Tags embeddings with the words of a model."""

    def __init__(self, model: Model, calibration: Path) -> None:
        self._model = model
        self.words, self.model_digest = model.words, model.digest
        self.calibration: tuple[CalibratedWords, TagHead] | None = None
        """The words that have a threshold, and their head."""
        try:
            if calibration.is_dir():
                dim = model.word_embeddings.shape[1]
                self.calibration = read_calibrated_head(calibration, model.digest, len(model.words), dim)
        except (ContractError, ModelError) as error:
            log_line(f"probabilities of tags are left out: {error}")

    def tag(self, embedding: Scores, top_k: int) -> list[PhotoTag]:
        """Return words for an embedding, (embedding_dim,): first those predicted, then those with the highest scores.

        Args:
            embedding: Not normalised.
            top_k: The number of words.
        """
        scores = self._model.score_words(embedding[None])[0]
        known: dict[int, tuple[float, bool]] = {}
        if self.calibration is not None:
            calibrated, head = self.calibration
            head_scores = head.score(embedding[None])[0]
            values = probabilities(head_scores[None], calibrated.slope, calibrated.intercept)[0]
            reached = head_scores >= calibrated.thresholds
            known = {
                int(word): (float(value), bool(is_predicted))
                for word, value, is_predicted in zip(calibrated.word_ids, values, reached, strict=True)
            }
        predicted = sorted((word for word in known if known[word][1]), key=lambda word: -known[word][0])
        others = [int(word) for word in np.argsort(-scores, kind="stable") if not known.get(int(word), (0, False))[1]]
        tags = []
        for word in [*predicted, *others][:top_k]:
            probability, is_predicted = known.get(word, (None, False))
            tags.append(PhotoTag(self._model.words[word], float(scores[word]), probability, is_predicted))
        return tags
