"""DATA_FORMAT.md describes every table as its contract defines it."""

import re
from dataclasses import fields

import pyarrow as pa
import pytest
from import_walk import ROOT

from weft.artefacts import WORD_COLUMNS, WORD_PREDICTABILITY_COLUMNS
from weft.contracts import files, tables, tagging
from weft.contracts.schema import TableContract
from weft.search import left_out_photos
from weft.training.history import EpochMetrics

DATA_FORMAT_TEXT = (ROOT / "DATA_FORMAT.md").read_text(encoding="utf-8")
CONTRACTS = [
    contract
    for module in (tables, tagging, left_out_photos)
    for contract in vars(module).values()
    if isinstance(contract, TableContract)
]
FILES = [name for constant, name in vars(files).items() if constant.isupper()]


def parse_described_columns(name: str) -> list[tuple[str, str]]:
    """Return (column, type) of the first table below the words `: <name>` of a heading, or below `<name>` itself."""
    start = re.search(rf"^(?:#+ .*: |#+ |`\S+`: ){re.escape(name)}(?:\.|$)", DATA_FORMAT_TEXT, re.MULTILINE)
    assert start, f"DATA_FORMAT.md has no part on {name}"
    table = re.search(r"^\| column .*\n\|[-| ]+\n((?:\|.*\n)+)", DATA_FORMAT_TEXT[start.end() :], re.MULTILINE)
    assert table, f"DATA_FORMAT.md has no table on {name}"
    cells = [line.split("|") for line in table[1].splitlines()]
    return [(row[1].strip(), row[2].strip()) for row in cells]


def format_field(field: pa.Field) -> str:
    return f"{format_type(field.type)}, null" if field.nullable else format_type(field.type)


def format_type(data_type: pa.DataType) -> str:
    """Return a type as DATA_FORMAT.md writes it."""
    if pa.types.is_list(data_type):
        return f"list of {format_type(data_type.value_type)}"
    if pa.types.is_struct(data_type):
        return "(" + ", ".join(f"{part.name}: {part.type}" for part in data_type) + ")"
    return str(data_type)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_a_table_is_described_column_by_column(contract: TableContract) -> None:
    assert parse_described_columns(contract.name) == [(field.name, format_field(field)) for field in contract.schema]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_the_key_of_a_table_is_described(contract: TableContract) -> None:
    part = DATA_FORMAT_TEXT[DATA_FORMAT_TEXT.index(f": {contract.name}") :]
    key = re.search(r"Key:\s([\w, ]+)[.,]", part)
    assert key
    assert key[1].split(", the ")[0] == ", ".join(contract.key)


def test_the_text_tables_are_described_column_by_column() -> None:
    assert [column for column, _ in parse_described_columns("data/vocabulary/words.tsv")] == list(WORD_COLUMNS)
    assert [column for column, _ in parse_described_columns("models/head/word_predictability.tsv")] == list(
        WORD_PREDICTABILITY_COLUMNS
    )
    assert [column for column, _ in parse_described_columns("verdicts.tsv")] == list(tagging.VERDICT_COLUMNS)
    assert [column for column, _ in parse_described_columns("history.csv")] == [
        field.name for field in fields(EpochMetrics)
    ]


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_the_artefacts_is_named(name: str) -> None:
    assert name in DATA_FORMAT_TEXT
