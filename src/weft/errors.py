"""The errors Weft raises on purpose, and how a command answers them.

    WeftError             every error below: a one-line answer on standard error, exit status 2
      ParamsError         params.yaml: an unknown, missing or impossible value
      ContractError       a table or artefact is not what its contract says
      ShopError           a shop or its crawl cannot be used
      PhotoError          a photo cannot be decoded or is refused; quarantined by stages, never fatal there
      BenchmarkError      a benchmark's files are not what its reader expects
      ModelError          weights, vocabulary or a model bundle do not fit
      InputError          what a person gave a command cannot be used

A message says what is wrong, where (file, row, key, URL), what was wanted and what to do.
"""

import sys
from collections.abc import Callable

EXIT_STATUS = 2


class WeftError(Exception):
    """An error that the reader can mend; its text is the whole answer."""


class ParamsError(WeftError):
    """params.yaml holds an unknown, missing or impossible value."""


class ContractError(WeftError):
    """A table or an artefact breaks its contract."""


class ShopError(WeftError):
    """A shop, or the crawl of it, cannot be used."""


class PhotoError(WeftError):
    """A photo cannot be decoded or is refused.

    Attributes:
        reason: One short constant phrase, fit for counting ("cannot be decoded").
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class BenchmarkError(WeftError):
    """A benchmark's files are not what its reader expects."""


class ModelError(WeftError):
    """Weights, vocabulary or a model bundle do not fit together."""


class InputError(WeftError):
    """What a person gave a command cannot be used."""


def run_main(main: Callable[[], object]) -> int:
    """Run `main`; a `WeftError` becomes one line on standard error and exit status 2."""
    try:
        main()
    except WeftError as error:
        # What a library said, quoted in the message, may have lines of its own.
        sys.stderr.write(" ".join(f"error: {error}".splitlines()) + "\n")
        return EXIT_STATUS
    return 0
