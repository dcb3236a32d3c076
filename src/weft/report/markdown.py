"""The results as Markdown that reads well in a terminal too; the README and `make repro` show this text."""

import re
from collections.abc import Sequence

from weft.report.glossary import count, metric_name, reader_meaning, row_meanings, table_title
from weft.report.tables import Cell, Results, compare


def results_markdown(results: Sequence[Results]) -> str:
    """Every table of every benchmark in percent with its intervals, gains over the baseline bold.

    Args:
        results: One per benchmark, in the order to print.

    Returns:
        Markdown, ending in a newline; the same for the same results.
    """
    blocks = [
        "# Results",
        "Shares in percent, higher is better; in brackets the 95 % bootstrap interval by item. Bold: better than the "
        "table's first row by a paired difference whose 95 % interval excludes 0; ↓: worse, likewise.",
    ]
    rows = list(dict.fromkeys(row for result in results for table in result.tables.values() for row in table))
    meanings = [f"- *{_plain(row)}*: {meaning}" for row, meaning in row_meanings(rows)]
    if meanings:
        blocks += ["Rows:", "\n".join(meanings)]
    for result in results:
        blocks += _benchmark(result)
    return "\n\n".join(blocks) + "\n"


def _benchmark(result: Results) -> list[str]:
    counts = ", ".join(f"{_plain(name.replace('_', ' '))} {count(number)}" for name, number in result.counts.items())
    blocks = [f"## {_plain(result.benchmark)}", reader_meaning(result.reader), f"Counts: {counts}." if counts else ""]
    blocks = [block for block in blocks if block]
    for name in result.tables:
        blocks += [f"### {_plain(table_title(name))}", _table(result, name)]
    if result.notes:
        blocks.append("\n".join(f"- {_plain(note)}" for note in result.notes))
    return blocks


def _table(result: Results, name: str) -> str:
    shown = compare(result, name)
    lines = [["", *(_plain(metric_name(metric)) for metric in shown.metrics)]]
    for row, cells in shown.rows:
        lines.append([_plain(row), *(_value(cell) for cell in cells)])
    if any(shown.ceilings):
        lines.append(["*at most*", *(ceiling or "100.0" for ceiling in shown.ceilings)])
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        for line in lines
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in [padded[0], rule, *padded[1:]])


def _value(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.verdict == "gain" else f"{cell.text} ↓" if cell.verdict == "loss" else cell.text
    return f"{text} ({cell.interval.replace(' to ', '–')})" if cell.interval else text


def _plain(text: str) -> str:
    """Names and notes may hold what shops wrote: one line, no Markdown or HTML of their own."""
    return re.sub(r"([\\`*|<>\[\]])", r"\\\1", " ".join(text.split()))
