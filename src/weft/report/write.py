"""The whole report of a run: results.md and index.html."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from weft import tables
from weft.report.album import Album
from weft.report.examples import read_examples
from weft.report.history import read_history
from weft.report.nearest_words import read_nearest_words
from weft.report.page import BenchmarkPart, render_page
from weft.report.results import read_results
from weft.report.results_markdown import results_markdown

RESULTS = "results.md"
PAGE = "index.html"


def write_report(
    benchmarks: Sequence[str], reports: Path, histories: Mapping[str, Path], out: Path
) -> dict[str, float]:
    """Read the reports of all benchmarks and write `out`/results.md and `out`/index.html.

    Args:
        benchmarks: Names, in the order to show; each has a folder in `reports`.
        reports: What the stage evaluate wrote.
        histories: history.csv of each training stage by the stage's name, in the order to show.
        out: A folder, replaced whole.

    Returns:
        What the report holds: benchmarks, tables, photos, page_bytes.

    Raises:
        ContractError: An input is missing or not what its stage should have written.
    """
    album = Album()
    parts = []
    for name in benchmarks:
        folder = reports / name
        results = read_results(folder)
        rows = list(dict.fromkeys(row for table in results.tables.values() for row in table))
        parts.append(BenchmarkPart(results, read_examples(folder, rows, album), read_nearest_words(folder)))
    curves = [read_history(stage, path) for stage, path in histories.items()]
    page = render_page(parts, curves, album)
    with tables.atomic(out) as temporary:
        temporary.mkdir()
        (temporary / RESULTS).write_text(results_markdown([part.results for part in parts]), encoding="utf-8")
        (temporary / PAGE).write_text(page, encoding="utf-8")
    return {
        "benchmarks": len(parts),
        "tables": sum(len(part.results.tables) for part in parts),
        "photos": len(album.photos),
        "page_bytes": len(page.encode()),
    }
