"""The sections train_head and finetune: how each training stage runs."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from weft.params.types import (
    STRICT_CONFIG,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    PositiveUnitInterval,
    UnitInterval,
    UnitIntervalBelowOne,
)


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class _Optimizer:
    """The keys of every optimiser."""

    head_lr: PositiveFloat
    """Learning rate of the head: the word embeddings W and the word biases."""
    weight_decay: NonNegativeFloat
    """Weight decay of all trained weights. Where a step touches only some words (sampled_softmax, contrastive), only
    their rows decay."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class _EncoderRates:
    """The learning rates of the encoder, which only finetune trains."""

    backbone_lr: PositiveFloat
    """Learning rate of the last block of the encoder and of the projection."""
    layerwise_lr_decay: PositiveUnitInterval
    """The learning rate of a block, divided by that of the block after it. 1 trains all blocks at one rate."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class HeadSGD(_Optimizer):
    """Stochastic gradient descent (the paper)."""

    name: Literal["sgd"]
    """Stochastic gradient descent (the paper)."""
    momentum: UnitIntervalBelowOne = 0.9
    """Momentum; 0 is plain SGD. Where a step touches only some words, only their rows move."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class HeadAdamW(_Optimizer):
    """AdamW with PyTorch's betas and eps."""

    name: Literal["adamw"]
    """AdamW with PyTorch's betas and eps."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class FinetuneSGD(HeadSGD, _EncoderRates):
    """Stochastic gradient descent for the encoder and the head."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class FinetuneAdamW(HeadAdamW, _EncoderRates):
    """AdamW for the encoder and the head."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class OneCycleSchedule:
    """The learning rates rise to their value and fall to 0, both on a cosine (Smith and Topin 2018)."""

    name: Literal["one_cycle"]
    """Up, then down to 0."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class PlateauSchedule:
    """The learning rates fall to a tenth when val_loss stops falling (the paper)."""

    name: Literal["plateau"]
    """To a tenth after `patience` epochs without a lower val_loss (the paper)."""
    patience: PositiveInt = 10
    """Epochs without a lower val_loss before the learning rates fall to a tenth."""
    warmup_epochs: NonNegativeFloat = 0.0
    """Epochs, or a fraction of one, in which the learning rates rise linearly."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class CosineSchedule:
    """The learning rates fall to 0 on a cosine."""

    name: Literal["cosine"]
    """Down to 0 on a cosine."""
    warmup_epochs: NonNegativeFloat = 0.0
    """Epochs, or a fraction of one, in which the learning rates rise linearly."""


HeadOptimizer = HeadSGD | HeadAdamW
FinetuneOptimizer = FinetuneSGD | FinetuneAdamW
ScheduleSettings = OneCycleSchedule | PlateauSchedule | CosineSchedule


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class _TrainingStage:
    """The keys of both training stages."""

    epochs: NonNegativeInt
    """Number of epochs. 0 leaves the weights as they are initialised."""
    batch_size: PositiveInt
    """Photos per optimiser step, of all processes together."""
    description_weight: PositiveUnitInterval
    """Weight of a word that stands only in the description; a word of the title, categories, colour or attributes
    weighs 1. Those say what the product is, a description also says what its parts are. 1 in the paper."""
    lr_schedule: Annotated[ScheduleSettings, Field(discriminator="name")]
    """How the learning rates change during the training."""
    early_stopping_patience: NonNegativeInt
    """Training stops after this many epochs without a better one by `keep_best_by`; 0 never stops early. The best
    weights are kept in any case."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class TrainHead(_TrainingStage):
    """Stage 1: train the head W on the embeddings z of the frozen backbone."""

    keep_best_by: Literal["val_tag_precision", "val_loss", "last"]
    """The column of history.csv by which the best epoch is kept, the untrained W of epoch 0 included; `last` keeps the
    last epoch. There is no val_map_at_r: W does not change how photos are retrieved."""
    optimizer: Annotated[HeadOptimizer, Field(discriminator="name")]
    """The optimiser of W."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class Augmentation:
    """Random changes of the training photos. Colours are never changed, as they are among what is learned."""

    horizontal_flip: bool
    """Whether half of the photos are mirrored."""
    max_translate_px: NonNegativeInt
    """Each photo is moved by up to this many pixels on both axes."""
    min_crop_scale: PositiveUnitInterval
    """Each photo is cropped to a random part with at least this share of its area. 1 crops nothing."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class UniformWordWeighting:
    """All words weigh the same (the paper, which drops words by hand)."""

    name: Literal["none"]
    """All words weigh the same (the paper)."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class PredictabilityWordWeighting:
    """A word weighs as much as photos predict it."""

    name: Literal["predictability"]
    """A word weighs its uncertainty coefficient on val (models/head/word_predictability.tsv)."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class ThresholdWordWeighting:
    """Words that photos do not predict are ignored."""

    name: Literal["threshold"]
    """Words below `min_predictability` are ignored; they stay in the vocabulary."""
    min_predictability: UnitInterval = 0.5
    """The lowest shrunk Somers' D on val of a word that is learned. 0 is chance, 1 is certainty."""


WordWeighting = UniformWordWeighting | PredictabilityWordWeighting | ThresholdWordWeighting


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class BagSimilarity:
    """A second loss that draws photos with similar bags of words together."""

    weight: NonNegativeFloat
    """Weight of this loss beside the loss over words; 0 omits it. It compares the photos of a batch with each other."""
    temperature: PositiveFloat
    """The lower, the more the most similar photos count."""


@dataclass(frozen=True, config=STRICT_CONFIG, kw_only=True)
class Finetune(_TrainingStage):
    """Stage 2: train the whole network."""

    initial: str = ""
    """The model to start from: a model folder, or a registered model such as "models:/weft-embedder@champion". Empty
    starts from the pretrained backbone and the W of train_head. DVC does not watch that model, and it deletes
    models/embedder before the stage runs: name a copy of it."""
    keep_best_by: Literal["val_map_at_r", "val_tag_precision", "val_loss", "last"]
    """The column of history.csv by which the best epoch is kept, the network before training as epoch 0 included: the
    mAP@R of retrieval on val, the precision of five predicted words, or the loss. `last` keeps the last epoch."""
    optimizer: Annotated[FinetuneOptimizer, Field(discriminator="name")]
    """The optimiser of the encoder and of W."""
    accumulate: PositiveInt = 1
    """Number of parts into which a batch is split. Their gradients are added up before the weights change, so a large
    batch needs the memory of a part. The result is that of the whole batch, except that batch norm sees one part at a
    time (with `freeze_batch_norm` it does not) and dropout draws other numbers."""
    augmentation: Augmentation
    """Random changes of the training photos."""
    word_weighting: Annotated[WordWeighting, Field(discriminator="name")]
    """How much each word weighs, by how well photos of val predict it."""
    downweight_redundant_words: bool
    """Whether words that occur together (watch, dial, case, strap) share the weight of one: each weight is divided by
    the word's redundancy."""
    bag_similarity: BagSimilarity
    """A second loss that draws photos with similar bags of words together."""
    discard_projection_head: bool
    """Whether the projection is used in training only. z is then the input of the projection, as wide as the backbone's
    features, and the projection is multiplied into W, so that the logits stay the same."""
    retrain_head: bool
    """Whether W is trained once more on the final z, as the section train_head says (Kang et al. 2020): the word
    weights then shape the encoder but do not bias how readily a word is predicted. Not in the paper."""
    wise_ft_weight: UnitIntervalBelowOne
    """Weight of the network before finetuning in the weights that are kept (WiSE-FT, Wortsman et al. 2022; 1 - alpha
    there). 0 keeps the finetuned weights alone. 0.2 restores much of the accuracy on photos of other kinds, such as
    customers' own, and costs little on the shop's."""
    ema_decay: UnitIntervalBelowOne
    """Decay of an exponential moving average of the weights, which is validated and kept in their place. 0 averages
    nothing."""
    amp_dtype: Literal["auto", "float32", "bfloat16", "float16"]
    """Data type of the encoder's activations. auto: bfloat16 on CUDA devices that support it, else float32."""
    freeze_batch_norm: bool
    """Whether batch norm keeps the running statistics of the backbone before training."""
    frozen_modules: tuple[str, ...]
    """Names of the backbone's modules (features.0, layer1) that are not trained. None in the paper."""
