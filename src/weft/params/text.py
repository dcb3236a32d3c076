"""The sections clean and vocabulary: which words are learned."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from weft.params.types import STRICT_CONFIG, PositiveInt, UnitInterval


@dataclass(frozen=True, config=STRICT_CONFIG)
class Clean:
    """Which words of a product's text become tokens."""

    fields: tuple[Literal["title", "categories", "description", "colour", "attributes"], ...]
    """The product's fields whose words are kept. The paper: title, categories, description."""
    min_token_length: PositiveInt
    """Tokens with fewer letters are dropped."""
    drop_off_topic_words: bool
    """Whether a description's words for other kinds of products are dropped: "jeans" in "pair it with jeans" on the
    page of a shirt. The paper keeps them."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Vocabulary:
    """Which words are learned."""

    max_size: PositiveInt
    """The most frequent words are kept, at most this many. 30,000 in the paper."""
    min_document_frequency: PositiveInt
    """A word in fewer training products is dropped."""
    boilerplate_min_df: UnitInterval
    """A word is boilerplate of a shop if it stands in more than this share of the shop's products, and
    `boilerplate_min_ratio` holds too."""
    boilerplate_min_ratio: Annotated[float, Field(ge=1.0)]
    """A word is boilerplate of a shop only if its share of the other shops' products is less than its share of this
    shop's products divided by this ratio."""
    brand_min_share: UnitInterval
    """A brand's name is dropped when at least this share of the products with the word are of that brand."""
