"""Headers with an end: Twisted reads them for as long as they come, and holds up everything else meanwhile."""

from typing import Any

from scrapy.core.downloader.handlers.http11 import (
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
)
from twisted.internet.interfaces import IAddress

MAX_HEADER_BYTES = 256 * 1024
"""Of all headers of an answer; browsers stop there too."""


class HeadersTooLongError(Exception):  # noqa: N818 - it is no error of ours
    """An answer's headers have no end."""


class BoundedHeaderFactory(_LenientHTTP11ClientFactory):
    """Makes connections that give up on endless headers."""

    def buildProtocol(self, addr: IAddress | None) -> "_BoundedHeaderProtocol":  # noqa: ARG002, N802
        """Twisted's way to make one."""
        return _BoundedHeaderProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


class _BoundedHeaderParser(_LenientHTTPClientParser):
    _header_bytes = 0

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        self._header_bytes += len(line)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise HeadersTooLongError
        super().lineReceived(line)


class _BoundedHeaderProtocol(_LenientHTTP11ClientProtocol):
    def request(self, request: Any) -> Any:
        deferred = super().request(request)
        # Twisted makes the parser itself; Scrapy gets its own in the same way.
        assert self._parser is not None
        self._parser.__class__ = _BoundedHeaderParser
        return deferred
