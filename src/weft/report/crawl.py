"""The crawl: what came home of each shop, how many products have which field, what failed and why."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from weft.contracts import files
from weft.errors import ContractError
from weft.report.reading import read_json

_COUNT = TypeAdapter(Annotated[int, Field(ge=0)])
_SHARE = TypeAdapter(Annotated[float, Field(ge=0.0, le=1.0)])
_PREFIX = "share_with_"


@dataclass(frozen=True)
class CrawledShop:
    """What came home of one shop."""

    name: str
    products: int
    photos: int
    photos_missing: int
    """Photos that a product names and that could not be had."""
    coverage: dict[str, float]
    """Field to the share of products with it."""
    failures: dict[str, int]
    """Reason to how many pages or photos."""


def read_crawl(crawl: Path) -> tuple[CrawledShop, ...]:
    """The shops of a snapshot by name, from its report.json.

    Raises:
        ContractError: The report is missing or is not what the crawl writes.
    """
    path = crawl / files.REPORT
    report = read_json(path, "crawl")
    try:
        return tuple(_shop(name, values) for name, values in sorted(report["shops"].items()))
    except (KeyError, AttributeError, TypeError, ValidationError) as error:
        raise ContractError(f"{path}: not what the crawl writes: {error}; run the stage crawl") from error


def _shop(name: str, values: dict[str, Any]) -> CrawledShop:
    coverage = {key.removeprefix(_PREFIX): values[key] for key in values if key.startswith(_PREFIX)}
    return CrawledShop(
        name,
        _COUNT.validate_python(values["products"]),
        _COUNT.validate_python(values["photos"]),
        _COUNT.validate_python(values["photos_missing"]),
        {field: _SHARE.validate_python(share) for field, share in coverage.items()},
        {reason: _COUNT.validate_python(count) for reason, count in values["failures"].items()},
    )
