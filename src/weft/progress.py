"""Progress for people: a bar on a terminal, a plain line every few seconds anywhere else."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

PLAIN_LINE_SECONDS = 10.0


def leads() -> bool:
    """Whether this is the one of several processes (torchrun) that speaks."""
    return os.environ.get("RANK", "0") == "0"


def say(line: str) -> None:
    """One line for the person who waits, on standard error, apart from a bar that may be running."""
    if not leads():
        return
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def track(items: Iterable[Item], what: str, total: int | None = None, unit: str = "it") -> Iterator[Item]:
    """Yield `items` unchanged while telling how far they are.

    Args:
        items: What to go through; never held in memory as a whole.
        what: The work in words, "decode photos".
        total: How many items are expected, when known.
        unit: What one item is called.
    """
    if sys.stderr.isatty() and leads():
        from tqdm import tqdm

        yield from tqdm(items, desc=what, total=total, unit=unit, dynamic_ncols=True)
        return
    yield from _plain_lines(items, what, total, unit)


def _plain_lines(items: Iterable[Item], what: str, total: int | None, unit: str) -> Iterator[Item]:
    began = said = time.monotonic()
    done = 0
    of = f" of {total:,}" if total else ""
    for item in items:
        yield item
        done += 1
        if time.monotonic() - said >= PLAIN_LINE_SECONDS:
            said = time.monotonic()
            say(f"{what}: {done:,}{of} {unit}, {said - began:.0f} s")
    say(f"{what}: {done:,} {unit} in {time.monotonic() - began:.0f} s")
