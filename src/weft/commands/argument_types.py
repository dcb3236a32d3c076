"""Types of command-line arguments: each turns a string into a value, or says what it expected."""

import math
from argparse import ArgumentTypeError


def price(text: str) -> float:
    """Return a price of at least 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not number >= 0:
        raise ArgumentTypeError(f"expected a price of at least 0, got {text!r}")
    return number


def port(text: str) -> int:
    """Return a port; 0 stands for any free one."""
    if not text.isdecimal() or int(text) > 65_535:
        raise ArgumentTypeError(f"expected a port from 0 to 65535, got {text!r}")
    return int(text)


def positive_int(text: str) -> int:
    """Return a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)
