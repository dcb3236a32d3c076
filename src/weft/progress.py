"""Progress on standard error: a bar on a terminal, otherwise a line every few seconds."""

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")

LOG_INTERVAL_SECONDS = 10.0
_MAX_COUNTS = 5


def is_main() -> bool:
    """Return whether this process logs: the first of the processes of torchrun, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def log_line(line: str) -> None:
    """Write a line to standard error, in the main process only."""
    if not is_main():
        return
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def log_outcome(stage: str, out: Path, counts: Mapping[str, float] | None = None) -> None:
    """Write the last line of a stage: its name, the first of what it counted or measured, and where the results are."""
    shown = [f"{name.replace('_', ' ')} {value:,.6g}" for name, value in (counts or {}).items()][:_MAX_COUNTS]
    log_line("; ".join([f"{stage}: {', '.join(shown) or 'done'}", f"results in {out}"]))


def progress_bar(
    items: Iterable[Item], description: str, total: int | None = None, unit: str = "it", delay: float = 0.0
) -> Iterator[Item]:
    """Yield `items` unchanged and show the progress.

    Args:
        items: Any iterable; it is read one item at a time.
        description: The work in words, such as "decode photos".
        total: The expected number of items, if known.
        unit: The name of the items, such as "photos".
        delay: Show nothing in the first seconds, and so nothing at all about shorter work.
    """
    if sys.stderr.isatty() and is_main():
        from tqdm import tqdm

        yield from tqdm(items, desc=description, total=total, unit=unit, dynamic_ncols=True, delay=delay)
        return
    yield from _iter_with_log_lines(items, description, total, unit, delay)


def _iter_with_log_lines(
    items: Iterable[Item], description: str, total: int | None, unit: str, delay: float
) -> Iterator[Item]:
    started_at = logged_at = time.monotonic()
    done = 0
    total_text = f" of {total:,}" if total else ""
    for item in items:
        yield item
        done += 1
        if time.monotonic() - logged_at >= LOG_INTERVAL_SECONDS:
            logged_at = time.monotonic()
            log_line(f"{description}: {done:,}{total_text} {unit}, {logged_at - started_at:.0f} s")
    seconds = time.monotonic() - started_at
    if seconds >= delay:
        log_line(f"{description}: {done:,} {unit} in {seconds:.0f} s")
