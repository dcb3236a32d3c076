"""evaluate and its benchmarks: what is measured, on what.

calibrate and audit: when a word may be told, and what is looked at where photos and texts disagree.
"""

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from weft.params.types import STRICT_CONFIG, NonNegativeInt, PositiveInt, Slug

ReaderName = Literal[
    "catalogue",
    "labelled_photos",
    "inshop",
    "inshop:crops",
    "deepfashion_attributes",
    "deepfashion_attributes:crops",
    "deepfashion_attributes:fine",
    "deepfashion_attributes:fine:crops",
]
"""What reads a data set, and after the colons how: crops cuts every photo to its box, fine takes the 26 attributes.

One key says all that changes photos, so that DVC embeds again when it changes and only then.
"""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Evaluate:
    """What is measured everywhere."""

    top_k: tuple[PositiveInt, ...]
    """The k of recall_at_k."""
    tag_k: tuple[PositiveInt, ...]
    """The k of precision_at_k for predicted words."""
    neighbours: PositiveInt
    """Training photos whose words the tag-transfer baseline takes."""
    examples: NonNegativeInt
    """Photos shown in the report for each table."""
    resamples: PositiveInt = 1_000
    """Draws of the bootstrap behind every interval."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class LabelSet:
    """One set of labels of a benchmark."""

    field: str
    """Where the reader finds the label: "category", or "attributes.Neck" for a nested one."""
    min_photos: PositiveInt
    """Labels on fewer photos do not count."""
    without: tuple[str, ...] = ()
    """Labels that do not count because no photo shows them: who may wear a watch, say (Unisex)."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Benchmark:
    """One data set to score, own or foreign."""

    reader: ReaderName
    path: str
    """A folder; for the own catalogue the out of prepare."""
    labels: dict[Slug, LabelSet] = field(default_factory=dict)
    """Label sets by the name they bear in tables."""
    words: bool = True
    """Score label sets by the words of the label; off where the domain's labels are not the shop's words."""
    same: tuple[Slug, ...] = ()
    """Label sets that must all agree for two photos to count as the same in same_in_10."""
    group: str | None = None
    """A field (the sender of a photo): neighbours and probe folds never share one of its values."""


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
