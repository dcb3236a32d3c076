"""clean and vocabulary: which words are learned."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from weft.params.types import STRICT_CONFIG, PositiveInt, UnitInterval


@dataclass(frozen=True, config=STRICT_CONFIG)
class Clean:
    """Which texts become tokens."""

    fields: tuple[Literal["title", "categories", "description", "colour", "attributes"], ...]
    """The product's fields whose words are kept. The paper: title, categories, description."""
    min_letters: PositiveInt
    """Shorter tokens are dropped."""
    in_passing: Literal["drop", "keep"]
    """What becomes of a description's words for other kinds of things: of "jeans" on the page of a shirt, "pair it with
    jeans". The paper keeps them."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Vocabulary:
    """Which words are learned."""

    max_words: PositiveInt
    """The most frequent words are kept; 30,000 in the paper."""
    min_documents: PositiveInt
    """A word in fewer training products is dropped."""
    boilerplate_share: UnitInterval
    """A word in more than this share of one shop's products may be boilerplate ..."""
    boilerplate_ratio: Annotated[float, Field(ge=1.0)]
    """... and is, when its share in the other shops is less than that share divided by this ratio."""
    brand_share: UnitInterval
    """A brand's name is dropped when at least this share of the products with the word are of that brand."""
