"""The section training: the objective that train_head and finetune share."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from weft.params.types import STRICT_CONFIG, NonNegativeInt, PositiveFloat, PositiveInt, UnitInterval


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class Sampling:
    """How often each training photo and each word is drawn."""

    inverse_frequency_exponent: UnitInterval
    """alpha: a photo's words are drawn in proportion to n_k ** -alpha, n_k being the number of photos with word k.
    0 is image-first (draw a photo, then one of its words); 1 is word-first (draw a word, then one of its photos:
    Joulin et al. 2016); 0.5 is the square root between them."""
    max_photo_repeats: NonNegativeInt
    """The maximum number of times that one photo is drawn in an epoch. 0 sets no limit."""
    count_repeated_words: bool
    """Whether a word that stands twice in a product's text weighs twice. The paper does not say."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class FullSoftmaxLoss:
    """Cross-entropy of a softmax over the whole vocabulary."""

    name: Literal["full_softmax"]
    """Softmax over all words."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class SampledSoftmaxLoss:
    """Cross-entropy of a softmax over the target words and some sampled negative words (the paper)."""

    name: Literal["sampled_softmax"]
    """Softmax over the target words and sampled negative words (the paper)."""
    num_negatives: PositiveInt = 100
    """Number of negative words per draw."""
    share_negatives_in_batch: bool = True
    """Whether all photos of a batch share one draw of negatives, which makes a step cheaper. False draws negatives for
    each photo (the paper)."""
    negative_distribution: Literal["uniform", "log_uniform", "unigram"] = "uniform"
    """The distribution of the negatives. unigram: the word's count, to the power 0.75 (Mikolov et al. 2013)."""
    logq_correction: bool = True
    """Whether the log of a negative's expected count is subtracted from its logit, so that the loss approximates the
    full softmax (Bengio and Senecal 2008)."""
    remove_accidental_hits: bool = False
    """Whether negatives that are among the photo's own words are masked out."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class BinaryCrossEntropyLoss:
    """One binary cross-entropy for each word, summed."""

    name: Literal["binary_cross_entropy"]
    """One binary classifier for each word."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class ContrastiveLoss:
    """Contrastive loss between the photos and the bags of words of a batch."""

    name: Literal["contrastive"]
    """Photos against the bags of words of the batch. It needs `logits: {name: cosine}`."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class DotProductLogits:
    """The logit of a word is the dot product of its embedding with z (the paper)."""

    name: Literal["dot_product"]
    """Dot product of z and the word embedding (the paper)."""
    word_bias: bool = False
    """Whether each word has a bias, which retrieval ignores. The paper has none."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class CosineLogits:
    """The logit of a word is the cosine of its embedding and z, divided by a temperature."""

    name: Literal["cosine"]
    """Cosine of z and the word embedding, divided by `temperature`."""
    temperature: PositiveFloat = 0.05
    """The lower, the sharper the softmax."""
    word_bias: bool = False
    """Whether each word has a bias, which retrieval ignores. The paper has none."""


Loss = FullSoftmaxLoss | SampledSoftmaxLoss | BinaryCrossEntropyLoss | ContrastiveLoss
Logits = DotProductLogits | CosineLogits


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class Training:
    """The objective that train_head and finetune share."""

    seed: NonNegativeInt
    """Seed of all random draws of both stages."""
    targets: Literal["soft_targets", "sampled_word"]
    """sampled_word draws one word per photo (the paper). soft_targets trains on the exact distribution of that draw:
    the same expected gradient with less noise."""
    sampling: Sampling
    """How often each training photo and each word is drawn."""
    loss: Annotated[Loss, Field(discriminator="name")]
    """The loss over words."""
    logits: Annotated[Logits, Field(discriminator="name")]
    """How a word's logit is computed from the photo's embedding z and the word embedding."""
