"""The contact sheet of an audit: the pictured findings, each beside photos that are said to show the same."""

from typing import Any

from weft.photos.contact_sheet import Tile, draw_contact_sheet

FINDINGS_IN_ROW = 3


def finding_sheet(rows: list[dict[str, Any]]) -> bytes:
    """A JPEG of the findings that have pictures."""
    tiles = []
    for row in (row for row in rows if row["jpeg"] is not None):
        says = f"says {row['says']}\n" if row["says"] else ""
        tiles.append(
            [
                Tile(row["jpeg"], f"{says}shows {row['shows']}", "red" if row["says"] else "green"),
                *(Tile(jpeg, row["shows"]) for jpeg in row["nearest_jpegs"][:2]),
            ]
        )
    lines = [tiles[start : start + FINDINGS_IN_ROW] for start in range(0, len(tiles), FINDINGS_IN_ROW)]
    return draw_contact_sheet([[tile for finding in line for tile in finding] for line in lines])
