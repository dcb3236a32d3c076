"""The contact sheet of a benchmark: what queries found after finetune, then photos with the words told of them."""

from itertools import groupby

from weft.evaluation.examples import Example
from weft.evaluation.rows import FINETUNE
from weft.photos.contact_sheet import Tile, draw_contact_sheet

TILES_IN_ROW = 9
WORDS_ON_TILE = 3


def example_sheet(rows: list[Example]) -> bytes:
    """A JPEG; one row per query with a green frame around the right photos, then the tagged photos."""
    shown = [row for row in rows if row["model"] == FINETUNE]
    strips = [row for row in shown if row["kind"] == "retrieval"]
    sheet = [[_found(row) for row in strip] for _, strip in groupby(strips, key=lambda row: row["example"])]
    tagged = [_tagged(row) for row in shown if row["kind"] == "tags"]
    sheet += [tagged[start : start + TILES_IN_ROW] for start in range(0, len(tagged), TILES_IN_ROW)]
    return draw_contact_sheet(sheet)


def _found(row: Example) -> Tile:
    if row["rank"] == 0:
        return Tile(row["jpeg"], "query")
    return Tile(row["jpeg"], f"{row['score']:.2f}", "green" if row["correct"] else "red")


def _tagged(row: Example) -> Tile:
    return Tile(row["jpeg"], "\n".join(row["predicted"][:WORDS_ON_TILE]))
