"""fit_words and finetune: how the model is trained."""

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from weft.params.kinds import STRICT, Count, NotNegative, Rate, WholeNumber


@dataclass(frozen=True, config=STRICT)
class Training:
    """What fit_words and finetune share."""

    seed: WholeNumber
    target: Literal["one_word", "all_words"]
    """one_word draws one word per photo (the paper); all_words takes its exact expectation as a soft target."""
    sampling: Literal["word_first", "image_first"]
    """word_first draws a word, then a photo that carries it (Joulin et al.); image_first the other way round."""
    repeats: bool
    """Whether a word that the text of a product says twice weighs twice. The paper does not tell."""
    loss: Literal["full_softmax", "sampled_softmax"]
    negatives: Count
    """Negative words per photo, uniform; read by sampled_softmax alone."""
    optimizer: Literal["sgd", "adamw"]
    momentum: Annotated[float, Field(ge=0.0, lt=1.0)]
    """Read by sgd alone."""
    weight_decay: NotNegative
    schedule: Literal["plateau", "one_cycle", "cosine"]
    """plateau: x 0.1 after `patience` epochs without improvement on val; one_cycle: up, then down to 0; cosine: down."""
    patience: Count
    warm_up: NotNegative
    """Epochs, or a part of one, in which the rates rise to theirs; one_cycle rises by itself and reads it not."""
    early_stop: WholeNumber
    """Training ends after this many epochs without a new lowest val_loss; 0 for never. The best epoch is kept anyway."""
    word_learning_rate: Rate
    """For W."""
    batch_size: Count
    epochs: Count


@dataclass(frozen=True, config=STRICT)
class FitWords(Training):
    """Stage 1: W alone on the cached z."""


@dataclass(frozen=True, config=STRICT)
class Finetune(Training):
    """Stage 2: the whole network."""

    learning_rate: Rate = field(kw_only=True)
    """For the last block of the encoder."""
    layer_decay: Annotated[float, Field(gt=0.0, le=1.0)] = field(kw_only=True)
    """Each block before learns at this share of the rate of the block after it; 1 for one rate for all."""
    ema: Annotated[float, Field(ge=0.0, lt=1.0)] = field(kw_only=True)
    """Decay of a moving average of the weights, validated and kept in their place; 0 for none."""
    precision: Literal["auto", "float32", "bfloat16", "float16"] = field(kw_only=True)
    """Of the encoder's activations. auto: bfloat16 on CUDA where it can, else float32."""
    flip: bool = field(kw_only=True)
    """Mirror half of the photos."""
    shift: WholeNumber = field(kw_only=True)
    """Move each photo by up to this many pixels both ways."""
    crop: Annotated[float, Field(gt=0.0, le=1.0)] = field(kw_only=True)
    """Show a random part of each photo, at least this share of its area; 1 for all of it."""
    freeze_batch_norm: bool = field(kw_only=True)
    """Keep the batch-norm statistics of the untrained backbone."""
    frozen: tuple[str, ...] = field(kw_only=True)
    """Modules of the backbone, by their torch names (features.0, layer1), that are not trained; none in the paper."""
