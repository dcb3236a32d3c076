"""DATA_FORMAT.md tells every table as its contract has it."""

import re
from dataclasses import fields

import pyarrow as pa
import pytest
from import_walk import ROOT

from weft.artefacts import VISUALNESS_COLUMNS, WORD_COLUMNS
from weft.contracts import files, tables, tagging
from weft.contracts.table import TableContract
from weft.training.record import EpochRecord

PAGE = (ROOT / "DATA_FORMAT.md").read_text(encoding="utf-8")
CONTRACTS = [
    contract for room in (tables, tagging) for contract in vars(room).values() if isinstance(contract, TableContract)
]
FILES = [name for constant, name in vars(files).items() if constant.isupper()]


def described(name: str) -> list[tuple[str, str]]:
    """(column, type) of the first table below the words `: <name>` of a heading, or below `<name>` itself."""
    start = re.search(rf"^(?:#+ .*: |#+ |`\S+`: ){re.escape(name)}(?:\.|$)", PAGE, re.MULTILINE)
    assert start, f"DATA_FORMAT.md has no part on {name}"
    table = re.search(r"^\| column .*\n\|[-| ]+\n((?:\|.*\n)+)", PAGE[start.end() :], re.MULTILINE)
    assert table, f"DATA_FORMAT.md has no table on {name}"
    cells = [line.split("|") for line in table[1].splitlines()]
    return [(row[1].strip(), row[2].strip()) for row in cells]


def told(field: pa.Field) -> str:
    return f"{kind_told(field.type)}, null" if field.nullable else kind_told(field.type)


def kind_told(kind: pa.DataType) -> str:
    """A type in the words of the page."""
    if pa.types.is_list(kind):
        return f"list of {kind_told(kind.value_type)}"
    if pa.types.is_struct(kind):
        return "(" + ", ".join(f"{part.name}: {part.type}" for part in kind) + ")"
    return str(kind)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_a_table_is_described_column_by_column(contract: TableContract) -> None:
    assert described(contract.name) == [(field.name, told(field)) for field in contract.schema]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_the_key_of_a_table_is_told(contract: TableContract) -> None:
    part = PAGE[PAGE.index(f": {contract.name}") :]
    key = re.search(r"Key:\s([\w, ]+)[.,]", part)
    assert key
    assert key[1].split(", the ")[0] == ", ".join(contract.key)


def test_the_text_tables_are_described_column_by_column() -> None:
    assert [column for column, _ in described("data/vocabulary/words.tsv")] == list(WORD_COLUMNS)
    assert [column for column, _ in described("models/words/visualness.tsv")] == list(VISUALNESS_COLUMNS)
    assert [column for column, _ in described("history.csv")] == [field.name for field in fields(EpochRecord)]


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_the_artefacts_is_named(name: str) -> None:
    assert name in PAGE
