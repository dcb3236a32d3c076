"""Start a training from an earlier model: its encoder, and its word embeddings carried over by word."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import normalize

from weft.errors import ModelError
from weft.model.bundle import load_bundle
from weft.model.embedder import fold_projection_into_head

NUM_NEIGHBOURS = 5
"""A new word starts at the mean of this many known words."""
_WORDS_AT_ONCE = 1_024


@dataclass(frozen=True)
class CarriedHead:
    """The word embeddings with which a training goes on."""

    words: torch.Tensor
    """W, (words, dimension of the backbone)."""
    bias: torch.Tensor | None
    """(words, 1)."""
    num_known: int
    """The words that the earlier model has too."""


def start_from(
    folder: Path, network: nn.Module, head_weights: torch.Tensor, vocabulary: Sequence[str], bias: torch.Tensor | None
) -> CarriedHead:
    """Load the encoder of an earlier model into `network`, and return its word embeddings for today's vocabulary.

    A word that the earlier model lacks starts at the mean of the NUM_NEIGHBOURS known words that are nearest to it in
    the W of train_head, which has been trained on today's texts.

    Args:
        folder: The model folder of the earlier model.
        network: The backbone, changed in place.
        head_weights: W of train_head, (words, dimension of the backbone).
        vocabulary: The words, in the order of its rows.
        bias: The bias of train_head, (words, 1), or None where the training has none.

    Raises:
        ModelError: The folder holds no model, or one of another backbone or of other words.
    """
    earlier = load_bundle(folder)
    embedder = earlier.embedder
    fold_projection_into_head(embedder)
    try:
        network.load_state_dict(embedder.encoder.state_dict(), strict=True)
    except RuntimeError as error:
        reason = " ".join(line.strip() for line in str(error).splitlines()[1:2])
        raise ModelError(
            f"finetune.initial = {folder}: its backbone is not that of the section model ({reason}); use the same "
            "model.backbone, feature_layer and pooling, or train from the start"
        ) from error
    row_of = {word: row for row, word in enumerate(earlier.words)}
    is_known = torch.tensor([word in row_of for word in vocabulary])
    known = torch.nonzero(is_known)[:, 0]
    if not len(known):
        raise ModelError(f"finetune.initial = {folder}: it has none of the {len(vocabulary)} words of the vocabulary")
    rows = torch.tensor([row_of[vocabulary[int(word)]] for word in known])
    values, dim = embedder.words.detach(), embedder.words.shape[1]
    if bias is not None:
        old_bias = torch.zeros(len(values), 1) if embedder.bias is None else embedder.bias.detach()
        values = torch.cat([values, old_bias], dim=1)
    carried = _carry_over(values[rows], head_weights, is_known)
    carried_bias = None if bias is None else carried[:, dim:].contiguous()
    return CarriedHead(carried[:, :dim].contiguous(), carried_bias, len(known))


def _carry_over(known_values: torch.Tensor, head_weights: torch.Tensor, is_known: torch.Tensor) -> torch.Tensor:
    """Return a value for each word: that of the known ones, and for the others the mean of their nearest known words.

    Args:
        known_values: (known words, any).
        head_weights: (words, dimension), by which words are compared.
        is_known: (words,).
    """
    values = torch.zeros(len(is_known), known_values.shape[1])
    values[is_known] = known_values
    directions = normalize(head_weights, dim=1)
    for new_words in torch.split(torch.nonzero(~is_known)[:, 0], _WORDS_AT_ONCE):
        similarity = directions[new_words] @ directions[is_known].T
        nearest = similarity.topk(min(NUM_NEIGHBOURS, len(known_values)), dim=1).indices
        values[new_words] = known_values[nearest].mean(dim=1)
    return values
