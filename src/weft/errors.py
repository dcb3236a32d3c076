"""The errors that Weft raises for its users, and the way commands report them.

    WeftError             base class; commands print it as one line on standard error and exit with status 2
      ParamsError         params.yaml has an unknown, missing or invalid value
      ContractError       a table or an artefact breaks its contract
      ShopError           a shop or its crawl cannot be used
      PhotoError          a photo cannot be decoded or used; stages put it into quarantine and go on
      BenchmarkError      the files of a benchmark are not in the expected format
      ModelError          the files of a model are missing, changed, or do not fit together
      InputError          an argument of a command cannot be used
      EngineError         the processes or machines that share the work cannot be used

A message says where the problem is (file, row, key, URL), what was expected, what was found, and what to do.
"""

import sys
from collections.abc import Callable

EXIT_STATUS = 2


class WeftError(Exception):
    """An error that the user can fix; its message is complete without a traceback."""


class ParamsError(WeftError):
    """params.yaml has an unknown, missing or invalid value."""


class ContractError(WeftError):
    """A table or an artefact breaks its contract."""


class ShopError(WeftError):
    """A shop or its crawl cannot be used."""


class PhotoError(WeftError):
    """A photo cannot be decoded or used.

    Attributes:
        reason: A short constant phrase that reports count by, such as "cannot be decoded".
        detail: What is wrong with this photo.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class BenchmarkError(WeftError):
    """The files of a benchmark are not in the expected format."""


class ModelError(WeftError):
    """The files of a model are missing, changed, or do not fit together."""


class InputError(WeftError):
    """An argument of a command cannot be used."""


class EngineError(WeftError):
    """The processes or machines that share the work cannot be used."""


def run_main(main: Callable[[], object]) -> int:
    """Run `main` and return its exit status: 0, or 2 after a `WeftError`, which is printed as one line."""
    try:
        main()
    except WeftError as error:
        # The message may quote an error of a library, which may have several lines.
        sys.stderr.write(" ".join(f"error: {error}".splitlines()) + "\n")
        return EXIT_STATUS
    return 0


def get_first_line(error: Exception) -> str:
    """Return the first line of an error's message, cut to 200 characters, for a message of one line that quotes it."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
