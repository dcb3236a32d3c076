"""confusions.parquet: what queries are taken for, the most frequent errors first."""

from dataclasses import dataclass
from pathlib import Path

from weft.contracts import files
from weft.contracts.tables import CONFUSIONS
from weft.report.reading import read_rows
from weft.report.wording import percent

SHOWN = 12


@dataclass(frozen=True)
class Confusion:
    """Queries that show one thing, and the photo nearest to them another."""

    shown: str
    found: str
    queries: int
    share: str
    """Of all queries that show it, in percent."""


@dataclass(frozen=True)
class Confusions:
    """Those of one facet."""

    facet: str
    queries: int
    wrong: int
    most: tuple[Confusion, ...]


def read_confusions(folder: Path) -> tuple[Confusions, ...]:
    """The confusions of a benchmark by facet; a facet without an error is left out.

    Raises:
        ContractError: The file is missing or breaks its contract.
    """
    by_facet: dict[str, list[tuple[str, str, int]]] = {}
    for row in read_rows(folder / files.CONFUSIONS, CONFUSIONS, f"evaluate@{folder.name}"):
        by_facet.setdefault(row["facet"], []).append((row["shown"], row["found"], row["queries"]))
    found = []
    for facet, rows in by_facet.items():
        of: dict[str, int] = {}
        for shown, _, queries in rows:
            of[shown] = of.get(shown, 0) + queries
        wrong = sorted((row for row in rows if row[0] != row[1]), key=lambda row: (-row[2], row[:2]))
        if wrong:
            most = tuple(Confusion(*row, percent(row[2] / of[row[0]])) for row in wrong[:SHOWN])
            found.append(Confusions(facet, sum(of.values()), sum(row[2] for row in wrong), most))
    return tuple(found)
