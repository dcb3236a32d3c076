"""Headers with an end: Twisted reads them for as long as they come, and holds up everything else meanwhile."""

from typing import Any

from scrapy.core.downloader.handlers.http11 import (
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
)
from twisted.internet.interfaces import IAddress

MOST_BYTES = 256 * 1024
"""Of all headers of an answer; browsers stop there too."""


class HeadersTooLong(Exception):  # noqa: N818 - it is no error of ours
    """An answer's headers have no end."""


class BoundedFactory(_LenientHTTP11ClientFactory):
    """Makes connections that give up on endless headers."""

    def buildProtocol(self, addr: IAddress | None) -> "_Protocol":  # noqa: ARG002, N802
        """Twisted's way to make one."""
        return _Protocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


class _Parser(_LenientHTTPClientParser):
    _heading = 0

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        self._heading += len(line)
        if self._heading > MOST_BYTES:
            raise HeadersTooLong
        super().lineReceived(line)


class _Protocol(_LenientHTTP11ClientProtocol):
    def request(self, request: Any) -> Any:
        answer = super().request(request)
        # Twisted makes the parser itself; Scrapy gets its own in the same way.
        assert self._parser is not None
        self._parser.__class__ = _Parser
        return answer
