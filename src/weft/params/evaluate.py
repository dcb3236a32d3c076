"""The sections evaluate, calibrate, audit and benchmarks: what is measured, and on which data sets."""

from dataclasses import field
from typing import Literal

from pydantic.dataclasses import dataclass

from weft.params.types import STRICT_CONFIG, NonNegativeInt, OpenUnitInterval, PositiveInt, Slug

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
"""The reader of a data set and, after colons, its options: `crops` crops every photo to its bounding box, `fine` reads
the 26 fine attributes.

One key holds everything that changes the photos, so that DVC computes the embeddings again when it changes, and only
then.
"""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Evaluate:
    """What is measured on every benchmark."""

    top_k: tuple[PositiveInt, ...]
    """The values of k of recall_at_k."""
    tags_top_k: tuple[PositiveInt, ...]
    """The values of k of precision_at_k of the predicted words."""
    knn_neighbours: PositiveInt
    """Number of nearest training photos whose words the kNN tagging baseline reads."""
    num_examples: NonNegativeInt
    """Number of example photos in the report for each table."""
    bootstrap_samples: PositiveInt = 1_000
    """Number of bootstrap samples behind every confidence interval."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class LabelSet:
    """One set of labels of a benchmark."""

    field: str
    """The record's field that holds the label: "category", or "attributes.Neck" for a nested one."""
    min_photos: PositiveInt
    """Labels on fewer photos are not evaluated."""
    exclude: tuple[str, ...] = ()
    """Labels that are not evaluated because no photo shows them, such as who may wear a watch (Unisex)."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Benchmark:
    """One data set to evaluate: the crawled catalogue or a foreign one."""

    reader: ReaderName
    """The reader of the data set and, after colons, its options: `crops` crops every photo to its bounding box, `fine`
    reads the 26 fine attributes."""
    path: str
    """The folder of the data set; for the catalogue the output of prepare."""
    labels: dict[Slug, LabelSet] = field(default_factory=dict)
    """Label sets, by their name in the tables."""
    zero_shot: bool = True
    """Whether labels are also predicted with the word embeddings of the label's words. Set it to false where the labels
    are not words of the shop."""
    match_all: tuple[Slug, ...] = ()
    """Label sets that must all agree for two photos to count as a match in joint_precision_at_10."""
    group_field: str | None = None
    """A field such as the sender of a photo: photos with the same value are never each other's neighbours, and never in
    different folds of the linear probe."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Calibrate:
    """What a word must reach on val to be predicted."""

    target_precision: OpenUnitInterval
    """Share of the products tagged with a word whose text has the word."""
    confidence: OpenUnitInterval
    """The lower bound of the precision on val must reach the target at this confidence."""
    min_products: PositiveInt
    """A word in the texts of fewer val products gets no threshold."""


@dataclass(frozen=True, config=STRICT_CONFIG)
class Audit:
    """How a mismatch between photos and text is checked and shown."""

    neighbours: PositiveInt
    """Number of the most similar photos of other products that are shown beside a mismatch."""
    num_examples: NonNegativeInt
    """Number of mismatches of each kind that are shown with pictures. The list has all of them."""
