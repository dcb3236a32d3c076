"""What evaluate wrote of one benchmark: metrics.json, read and checked."""

import math
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from weft.contracts import files
from weft.errors import ContractError
from weft.report.reading import read_json


def _measured(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


Share = Annotated[Annotated[float, Field(ge=0.0, le=1.0)] | None, BeforeValidator(_measured)]
Signed = Annotated[float, Field(ge=-1.0, le=1.0)]
Bounds = tuple[Share, Share]
Difference = tuple[Signed, Signed, Signed]
Table = Mapping[str, Mapping[str, Share]]
"""{row: {metric: share in 0..1}}, in the order of the file; None (null or NaN there) where nothing was measured."""


@dataclass(frozen=True)
class Results:
    """The tables of one benchmark and what they were measured on. Keys of the file not named here are left alone."""

    benchmark: str
    reader: str
    tables: dict[str, dict[str, dict[str, Share]]]
    """By name: "retrieval", "tags", "similar", "labels/<label set>"; none where all were left out, as notes say."""
    counts: dict[str, int | float] = field(default_factory=dict)
    """Photos, queries and the like."""
    notes: tuple[str, ...] = ()
    """Sentences by evaluate on how the numbers came about."""
    intervals: dict[str, dict[str, dict[str, Bounds]]] = field(default_factory=dict)
    """Table, row, metric: the bounds of the 95 % bootstrap interval by item."""
    differences: dict[str, dict[str, dict[str, dict[str, Difference]]]] = field(default_factory=dict)
    """Table, row, an earlier row, metric: the difference and the bounds of its paired interval, as shares."""
    ceilings: dict[str, dict[str, Share]] = field(default_factory=dict)
    """Table, metric: what a perfect model would reach, where that is less than 1."""


def read_results(folder: Path) -> Results:
    """Read `folder`/metrics.json, written by the stage evaluate.

    Raises:
        ContractError: The file is missing, is no JSON, or a key is missing or out of its range.
    """
    path = folder / files.METRICS
    values = read_json(path, f"evaluate@{folder.name}")
    try:
        results = TypeAdapter(Results).validate_python(values)
    except ValidationError as error:
        problems = "; ".join(_explain(problem) for problem in error.errors())
        raise ContractError(f"{path}: {problems} (written by the stage evaluate@{folder.name})") from error
    empty = [name for name, table in results.tables.items() if not table]
    if empty:
        raise ContractError(f"{path}: tables.{empty[0]}: no row in it (written by the stage evaluate@{folder.name})")
    return results


def columns(table: Table) -> list[str]:
    """The metrics of `table`, in the order in which its rows first name them."""
    return list(dict.fromkeys(metric for row in table.values() for metric in row))


def _explain(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"{key}: missing key"
    return f"{key} = {str(problem['input'])[:60]!r}: {problem['msg']}"
