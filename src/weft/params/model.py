"""The image encoder before any training; features and finetune read it.

train_head and finetune: how the model is trained.
"""

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from weft.params.types import STRICT_CONFIG, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, UnitInterval


@dataclass(frozen=True, config=STRICT_CONFIG)
class Model:
    """The image encoder before any training."""

    backbone: str
    """A torchvision classification model by name, or efficientnet_lite0, efficientnet_lite1, efficientnet_lite2."""
    weights: str
    """"imagenet", "random" (for tests; never silently), or the path of a local .safetensors or .pth file."""
    layer: str
    """Whose feature map becomes z: a module of the backbone by its torch name (features.14, layer3), or last."""
    pooling: Literal["average", "gem"]
    """How the positions of the map become one vector: their mean, or a generalised mean that learns its power."""
    projection: NonNegativeInt
    """embedding_dim behind a linear layer that finetune adds and trains; 0 for none: z as the backbone has it."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Training:
    """What train_head and finetune share."""

    seed: NonNegativeInt
    target: Literal["one_word", "all_words"]
    """one_word draws one word per photo (the paper); all_words takes its exact expectation as a soft target."""
    balance: UnitInterval
    """alpha: a photo's words are drawn in proportion to n_k ** -alpha. 0 is image-first (a photo, then one of its
    words), 1 word-first (a word, then a photo that carries it: Joulin et al.), 0.5 the square root between."""
    most_draws: NonNegativeInt
    """One photo comes at most this often in an epoch, whatever the balance; 0 for no cap."""
    repeats: bool
    """Whether a word that the text of a product says twice weighs twice. The paper does not tell."""
    described: Annotated[float, Field(gt=0.0, le=1.0)]
    """What a word of the description weighs, beside 1 for one of title, categories, colour or attributes: these say
    what the product is, a description also what its parts are. 1 in the paper."""
    loss: Literal["full_softmax", "sampled_softmax", "binary_cross_entropy", "contrastive"]
    """contrastive wants `normalise`."""
    negatives: PositiveInt
    """Negative words per photo; this and the four below are read by sampled_softmax alone."""
    shared_negatives: bool
    """One draw of negatives for the whole batch, which costs less a step, or one for each photo (the paper)."""
    proposal: Literal["uniform", "log_uniform", "unigram"]
    """What negatives are drawn from; unigram: how often a word is said, to the power 0.75."""
    correction: bool
    """Take the log of a negative's expected count off its score: the softmax then tends to the full one."""
    mask_true_words: bool
    """Whether the other words of the photo itself are kept out of its negatives."""
    bias: bool
    """Whether each word has a bias, left out of retrieval. None in the paper."""
    normalise: bool
    """Whether the score of a word is its cosine with z over `temperature`, or their plain product (the paper)."""
    temperature: PositiveFloat
    """Read where `normalise` is on."""
    optimizer: Literal["sgd", "adamw"]
    momentum: Annotated[float, Field(ge=0.0, lt=1.0)]
    """Read by sgd alone."""
    weight_decay: NonNegativeFloat
    """Of the encoder and of W. Where a step touches some words alone (sampled_softmax, contrastive), its decay and
    momentum are of those rows: the others stay as they are."""
    schedule: Literal["plateau", "one_cycle", "cosine"]
    """plateau: x 0.1 after `patience` epochs without improvement on val; one_cycle: up, then to 0; cosine: down."""
    patience: PositiveInt
    warm_up: NonNegativeFloat
    """Epochs, or a part of one, in which the rates rise to theirs; one_cycle rises by itself and reads it not."""
    early_stop: NonNegativeInt
    """Training ends after so many epochs without a new lowest val_loss; 0 for never. The best epoch is kept anyway."""
    word_learning_rate: PositiveFloat
    """For W."""
    batch_size: PositiveInt
    epochs: NonNegativeInt
    """0 leaves everything as it begins: of train_head, a random W."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class TrainHead(Training):
    """Stage 1: W alone on the cached z."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Finetune(Training):
    """Stage 2: the whole network."""

    visualness: Literal["ignore", "weight", "drop"] = field(kw_only=True)
    """What a word is worth that photos of val do not tell (models/head/visualness.tsv): as much as any; as much as
    they tell; nothing below `min_visualness`. Dropped words stay in the vocabulary, and are no photo's."""
    min_visualness: UnitInterval = field(kw_only=True)
    """Read by drop alone; 0 is chance, 1 certainty."""
    redundancy: Literal["ignore", "divide"] = field(kw_only=True)
    """Whether words that say the same (watch, dial, case, strap) share one worth: divide each by its redundancy."""
    similarity: NonNegativeFloat = field(kw_only=True)
    """Weight of a second loss beside the first, by which photos with like words lie close together; 0 for none. It
    compares the photos of a batch with each other."""
    similarity_temperature: PositiveFloat = field(kw_only=True)
    """Read where `similarity` is on; the smaller, the more the nearest photos count."""
    fold_projection: bool = field(kw_only=True)
    """Whether the projection serves training alone: z becomes what stands before it, as wide as the backbone's, which
    knows more of what the words do not tell, and W takes the projection in; word scores stay as they were trained."""
    refit_words: bool = field(kw_only=True)
    """Whether W is fitted once more, on the finished z and as the section train_head says: what weighs much here shapes
    the encoder, and no longer says how readily a word is told. Not in the paper."""
    first_share: Annotated[float, Field(ge=0.0, lt=1.0)] = field(kw_only=True)
    """The share of the weights before this stage in those that stay (WiSE-FT); 0 for none. 0.2 gives photos of another
    kind, such as customers' own, much of what training took from them, and costs the shop's own a little."""
    learning_rate: PositiveFloat = field(kw_only=True)
    """For the last block of the encoder."""
    layer_decay: Annotated[float, Field(gt=0.0, le=1.0)] = field(kw_only=True)
    """Each block before learns at this share of the rate of the block after it; 1 for one rate for all."""
    ema: Annotated[float, Field(ge=0.0, lt=1.0)] = field(kw_only=True)
    """Decay of a moving average of the weights, validated and kept in their place; 0 for none."""
    precision: Literal["auto", "float32", "bfloat16", "float16"] = field(kw_only=True)
    """Of the encoder's activations. auto: bfloat16 on CUDA where it can, else float32."""
    flip: bool = field(kw_only=True)
    """Mirror half of the photos."""
    shift: NonNegativeInt = field(kw_only=True)
    """Move each photo by up to this many pixels both ways."""
    crop: Annotated[float, Field(gt=0.0, le=1.0)] = field(kw_only=True)
    """Show a random part of each photo, at least this share of its area; 1 for all of it."""
    freeze_batch_norm: bool = field(kw_only=True)
    """Keep the batch-norm statistics of the untrained backbone."""
    frozen: tuple[str, ...] = field(kw_only=True)
    """Modules of the backbone, by their torch names (features.0, layer1), that are not trained; none in the paper."""
