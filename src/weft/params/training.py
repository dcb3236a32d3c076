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
    schedule: Literal["plateau", "one_cycle"]
    """plateau: x 0.1 after `patience` epochs without improvement on val; one_cycle: warm-up, then cosine to 0."""
    patience: Count
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
    """For the encoder."""
    flip: bool = field(kw_only=True)
    """Mirror half of the photos."""
    shift: WholeNumber = field(kw_only=True)
    """Move each photo by up to this many pixels both ways."""
    freeze_batch_norm: bool = field(kw_only=True)
    """Keep the batch-norm statistics of the untrained backbone."""
    frozen: tuple[str, ...] = field(kw_only=True)
    """Modules of the backbone, by their torch names (features.0, layer1), that are not trained; none in the paper."""
