"""The results as Markdown that is also readable in a terminal; `make repro` prints it."""

import re
from collections.abc import Sequence

from weft.report.changes import find_extremes, list_changes
from weft.report.glossary import count, metric_name, reader_meaning, row_meanings, table_title
from weft.report.tables import Cell, Results, compare


def results_markdown(results: Sequence[Results], problems: Sequence[str] = ()) -> str:
    """Return all tables of all benchmarks in percent with their intervals; gains over the first row are bold.

    Args:
        results: One per benchmark, in the order to print.
        problems: Sentences that come first, about training that did not help.

    Returns:
        Markdown that ends in a newline.
    """
    blocks = [
        "# Results",
        *(f"**{escape_markdown(problem)}**" for problem in problems),
        "All values are shares in percent; higher is better. The 95 % bootstrap interval is in brackets. Bold values "
        "are better than the first row of their table, and values with ↓ are worse: the 95 % interval of the paired "
        "difference excludes 0.",
    ]
    extremes = find_extremes(list_changes(results))
    if extremes:
        best, worst = extremes
        blocks.append(
            "From the first row to the finetuned model, in percent and percentage points:\n\n"
            f"- best change: {escape_markdown(best.describe())}{_format_mark(best.verdict)}\n"
            f"- worst change: {escape_markdown(worst.describe())}{_format_mark(worst.verdict)}"
        )
    rows = list(dict.fromkeys(row for result in results for table in result.tables.values() for row in table))
    meanings = [f"- *{escape_markdown(row)}*: {meaning}" for row, meaning in row_meanings(rows)]
    if meanings:
        blocks += ["Rows:", "\n".join(meanings)]
    for result in results:
        blocks += _format_benchmark(result)
    return "\n\n".join(blocks) + "\n"


def _format_mark(verdict: str) -> str:
    """Return what the paired interval says of a change."""
    return {"gain": ", a gain", "loss": " ↓, a loss"}.get(verdict, ", which may be chance")


def _format_benchmark(result: Results) -> list[str]:
    counts = ", ".join(
        f"{escape_markdown(name.replace('_', ' '))} {count(number)}" for name, number in result.counts.items()
    )
    blocks = [
        f"## {escape_markdown(result.benchmark)}",
        reader_meaning(result.reader),
        f"Counts: {counts}." if counts else "",
    ]
    blocks = [block for block in blocks if block]
    for name in result.tables:
        blocks += [f"### {escape_markdown(table_title(name))}", _format_table(result, name)]
    if result.notes:
        blocks.append("\n".join(f"- {escape_markdown(note)}" for note in result.notes))
    return blocks


def _format_table(result: Results, name: str) -> str:
    comparison = compare(result, name)
    lines = [["", *(escape_markdown(metric_name(metric)) for metric in comparison.metrics)]]
    for row, cells in comparison.rows:
        lines.append([escape_markdown(row), *(_format_cell(cell) for cell in cells)])
    if any(comparison.upper_bounds):
        lines.append(["*upper bound*", *(bound or "100.0" for bound in comparison.upper_bounds)])
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        for line in lines
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in [padded[0], rule, *padded[1:]])


def _format_cell(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.verdict == "gain" else f"{cell.text} ↓" if cell.verdict == "loss" else cell.text
    return f"{text} ({cell.interval.replace(' to ', '–')})" if cell.interval else text


def escape_markdown(text: str) -> str:
    """Return text on one line with Markdown and HTML escaped: names and notes can contain text of shops."""
    return re.sub(r"([\\`*|<>\[\]])", r"\\\1", " ".join(text.split()))
