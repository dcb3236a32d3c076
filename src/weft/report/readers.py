"""The paths of the report's inputs, and readers whose errors name the stage to run."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weft import tables
from weft.contracts.schema import TableContract
from weft.errors import ContractError


@dataclass(frozen=True)
class ReportInputs:
    """The output folders of the stages that the report reads."""

    benchmarks: Path
    """The folder that holds one folder per benchmark, written by evaluate."""
    crawl: Path
    clean: Path
    vocabulary: Path
    prepared: Path
    head: Path
    """The output folder of train_head."""
    model: Path
    """The output folder of finetune."""
    calibration: Path
    audit: Path


def missing_file_error(path: Path, stage: str) -> ContractError:
    """Return the error for a missing input file; it names the stage that writes the file."""
    return ContractError(f"{path}: no such file; the stage {stage} writes it: run `dvc repro {stage}`")


def read_json(path: Path, stage: str) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Args:
        path: The file.
        stage: The stage that writes it, for the error.

    Raises:
        ContractError: The file is missing, or does not hold a JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise missing_file_error(path, stage) from error
    except (OSError, ValueError) as error:
        raise ContractError(f"{path}: not readable as JSON: {error}; run the stage {stage}") from error
    if not isinstance(values, dict):
        raise ContractError(f"{path}: expected a JSON object, got {type(values).__name__} (written by {stage})")
    return values


def read_rows(path: Path, contract: TableContract, stage: str) -> list[dict[str, Any]]:
    """Read all rows of a small table.

    Raises:
        ContractError: The file is missing or breaks its contract.
    """
    if not path.exists():
        raise missing_file_error(path, stage)
    rows: list[dict[str, Any]] = tables.read_table(path, contract).to_pylist()
    return rows


def iter_rows(
    path: Path, contract: TableContract, stage: str, columns: Sequence[str] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table that grows with the catalogue, of which a few hundred are in memory at a time.

    Args:
        path: The file.
        contract: Its contract.
        stage: The stage that writes it, for the error.
        columns: The columns to read; all if None.

    Raises:
        ContractError: The file is missing or breaks its contract.
    """
    if not path.exists():
        raise missing_file_error(path, stage)
    for table in tables.read_stream(path, contract, columns):
        yield from table.to_pylist()
