"""crawl.gate: what a crawl must reach before it is handed on."""

from dataclasses import field
from math import inf
from typing import Annotated

from pydantic import AfterValidator
from pydantic.dataclasses import dataclass

from weft.params.kinds import STRICT_CONFIG, NonNegativeFloat, NonNegativeInt, UnitInterval

COVERAGE_FIELDS = ("title", "description", "brand", "colour", "categories", "attributes", "photos")
"""Fields whose coverage is counted."""


def _check_coverage_fields(shares: dict[str, float]) -> dict[str, float]:
    if unknown := sorted(set(shares) - {*COVERAGE_FIELDS}):
        raise ValueError(f"{', '.join(unknown)}: wanted fields of products, of {', '.join(COVERAGE_FIELDS)}")
    return shares


@dataclass(frozen=True, config=STRICT_CONFIG)
class QualityChecks:
    """What each shop's crawl must reach before it is handed on; left out, a key lets everything pass."""

    min_products: NonNegativeInt = 0
    min_share: Annotated[dict[str, UnitInterval], AfterValidator(_check_coverage_fields)] = field(default_factory=dict)
    """By field of a product, the share of products that must have it: {description: 0.5}."""
    min_photos_per_product: NonNegativeFloat = 0.0
    """Placeholders do not count."""
    max_failures: dict[str, UnitInterval] = field(default_factory=dict)
    """By reason ("HTTP 404", or "photo: HTTP 404"), the share of pages or of photos that may fail with it; "*" is for
    each reason not named."""
    placeholder_products: NonNegativeInt = 10
    """A photo that so many products show is a placeholder and is dropped; 0 drops none."""
    wall_pages: NonNegativeInt = 20
    """So many different pages alike among the last twice as many are a wall and stop the shop; 0 watches for none."""
    max_same_title: UnitInterval = 1.0
    """Share of products that may bear one title, where at least `wall_pages` do."""
    max_drift: NonNegativeFloat = inf
    """By how much the number of products may change since the last snapshot, as a share of it, and by how much photos
    per product and the shares of products with description, categories and photos may fall."""
