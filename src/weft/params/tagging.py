"""calibrate and audit: when a word may be told, and what is looked at where photos and texts disagree."""

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from weft.params.kinds import STRICT_CONFIG, NonNegativeInt, PositiveInt

OpenUnitInterval = Annotated[float, Field(gt=0.0, lt=1.0)]


@dataclass(frozen=True, config=STRICT_CONFIG)
class Calibrate:
    """What a word must reach on val before it is told."""

    precision: OpenUnitInterval
    """Share of the products tagged with a word whose text says it."""
    confidence: OpenUnitInterval
    """The precision must be reached by its one-sided lower bound (Clopper-Pearson) at this confidence."""
    min_products: PositiveInt
    """A word that fewer val products say has no threshold."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Audit:
    """What stands beside a finding, and how many have pictures."""

    neighbours: PositiveInt
    """Most similar photos of other products that are asked for a second opinion."""
    examples: NonNegativeInt
    """Findings of each kind that are shown with pictures; the list has them all."""
