"""The results as Markdown that reads well in a terminal too; the README and `make repro` show this text."""

import re
from collections.abc import Sequence

from weft.report.comparison import compare
from weft.report.results import Results, Table
from weft.report.wording import count, metric_name, reader_meaning, row_meanings, table_title


def results_markdown(results: Sequence[Results]) -> str:
    """Every table of every benchmark in percent, the best value of each column bold.

    Args:
        results: One per benchmark, in the order to print.

    Returns:
        Markdown, ending in a newline; the same for the same results.
    """
    blocks = ["# Results", "Shares in percent; higher is better; the best value of a column is bold."]
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
    for name, table in result.tables.items():
        blocks += [f"### {_plain(table_title(name))}", _table(table)]
    if result.notes:
        blocks.append("\n".join(f"- {_plain(note)}" for note in result.notes))
    return blocks


def _table(table: Table) -> str:
    shown = compare(table)
    lines = [["", *(_plain(metric_name(metric)) for metric in shown.metrics)]]
    for row, cells in shown.rows:
        lines.append([_plain(row), *(f"**{cell.text}**" if cell.best else cell.text for cell in cells)])
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        for line in lines
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in [padded[0], rule, *padded[1:]])


def _plain(text: str) -> str:
    """Names and notes may hold what shops wrote: one line, no Markdown or HTML of their own."""
    return re.sub(r"([\\`*|<>\[\]])", r"\\\1", " ".join(text.split()))
