"""Where the report finds what other stages wrote.

Files that other stages wrote, read with an error that names the stage to run.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weft import tables
from weft.contracts.schema import TableContract
from weft.errors import ContractError


@dataclass(frozen=True)
class Sources:
    """The outs of the stages before, a folder each."""

    benchmarks: Path
    """A folder per benchmark, by evaluate."""
    crawl: Path
    clean: Path
    vocabulary: Path
    prepared: Path
    words: Path
    """By train_head."""
    model: Path
    """By finetune."""
    calibration: Path
    audit: Path


def missing(path: Path, stage: str) -> ContractError:
    """The error for an input that is not there, naming the stage that writes it."""
    return ContractError(f"{path}: no such file; the stage {stage} writes it: run `dvc repro {stage}`")


def read_json(path: Path, stage: str) -> dict[str, Any]:
    """A JSON file that holds an object.

    Raises:
        ContractError: It is missing, or is no JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise missing(path, stage) from error
    except (OSError, ValueError) as error:
        raise ContractError(f"{path}: not readable as JSON: {error}; run the stage {stage}") from error
    if not isinstance(values, dict):
        raise ContractError(f"{path}: wanted a JSON object, found {type(values).__name__} (written by {stage})")
    return values


def read_rows(path: Path, contract: TableContract, stage: str) -> list[dict[str, Any]]:
    """The rows of a small table.

    Raises:
        ContractError: It is missing or breaks its contract.
    """
    if not path.exists():
        raise missing(path, stage)
    rows: list[dict[str, Any]] = tables.read_table(path, contract).to_pylist()
    return rows
