"""Works for the tests of engines: processes of another machine import them from here."""

import os
import signal
from pathlib import Path

from weft.errors import ContractError


def square(number: int) -> int:
    return number * number


def name_process(number: int) -> int:
    return os.getpid()


def refuse_seven(number: int) -> int:
    if number == 7:
        raise ContractError("products.parquet, row 7: expected a title, got none")
    return number


class DieOnce:
    """Kills its process at the first attempt of shard 3, as a lack of memory does."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __call__(self, number: int) -> int:
        if number == 3 and not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return number
