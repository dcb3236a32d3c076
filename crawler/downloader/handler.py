"""Scrapy's HTTP download handler with checks of the address, a minimum download rate and a limit on header size.

Twisted reads headers without a limit, and the whole crawl waits meanwhile.
"""

import logging
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from scrapy import signals
from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
)
from scrapy.exceptions import CannotResolveHostError, DownloadCancelledError, DownloadFailedError, StopDownload
from scrapy.http import Request, Response
from twisted.internet.interfaces import IAddress

from crawler.discover import urls
from crawler.downloader.resolver import Network, install_resolver
from crawler.exceptions import NoContactError, PrivateAddressError, RequestRefusedError, TooLargeError, TooSlowError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

CONNECT_TO = "WEFT_CONNECT_TO"
"""Setting: {"shop.example": "http://127.0.0.1:8001"}: the server to connect to for a host, like curl's --connect-to.
The host is in its ASCII form. URLs, robots.txt and delays still use the host name. The user chose the server, so its
network is not checked.
"""
PRIVATE_HOST = "WEFT_PRIVATE_HOST"
"""Setting: the host of a shop that may have a private address; "" for none."""
HAS_CONTACT = "WEFT_HAS_CONTACT"
"""Setting: whether the user agent contains a contact."""
MIN_RATE_GRACE_SECONDS = "WEFT_MIN_RATE_GRACE_SECONDS"
"""Setting: seconds after the first byte of a body before its rate is checked."""
MIN_DOWNLOAD_RATE = "WEFT_MIN_DOWNLOAD_RATE"
"""Setting: bytes per second."""
MAX_HEADER_BYTES = 256 * 1024
"""Limit for all headers of a response together, as in browsers."""

_log = logging.getLogger(__name__)


@dataclass
class _BodyProgress:
    """How many bytes of a body have arrived, and since when."""

    started_at: float = 0.0
    received_bytes: int = 0


class GuardedDownloadHandler(HTTP11DownloadHandler):
    """Scrapy's handler with these checks, for http and https."""

    def __init__(self, crawler: "Crawler") -> None:
        super().__init__(crawler)
        from twisted.internet import reactor

        self._pool._factory = BoundedHeaderFactory
        settings = crawler.settings
        self._connect_to: dict[str, str] = settings.getdict(CONNECT_TO)
        self._min_rate_grace_seconds = settings.getfloat(MIN_RATE_GRACE_SECONDS)
        self._min_download_rate = settings.getfloat(MIN_DOWNLOAD_RATE)
        self._resolver = install_resolver(
            reactor,
            has_contact=settings.getbool(HAS_CONTACT),
            private_host=settings.get(PRIVATE_HOST, ""),
        )
        self._body_progress: dict[Request, _BodyProgress] = {}
        self._warned_hosts: set[str] = set()
        crawler.signals.connect(self.on_bytes_received, signal=signals.bytes_received)

    async def download_request(self, request: Request) -> Response:
        """Download `request`; the response has the requested URL.

        Raises:
            PrivateAddressError: The host is in a network that this crawl may not connect to.
            NoContactError: The host is public, and no contact is set.
            TooLargeError: The response exceeds its size limit.
            TooSlowError: The response is below the minimum rate.
        """
        routed = self._apply_connect_to(request)
        self._body_progress[routed] = _BodyProgress()
        try:
            response = await super().download_request(routed)
        except StopDownload:
            raise TooSlowError from None
        except DownloadCancelledError:
            raise TooLargeError from None
        except DownloadFailedError as error:
            if any(reason.check(HeadersTooLongError) for reason in getattr(error.__cause__, "reasons", ())):
                raise TooLargeError from None
            raise
        except CannotResolveHostError:
            network = self._resolver.refused_networks.get(urls.ascii_host(urlsplit(request.url).hostname or ""))
            if network is None:
                raise
            refusal = NoContactError if network is Network.PUBLIC else PrivateAddressError
            self._warn_once(urlsplit(request.url).hostname or "", refusal)
            raise refusal from None
        finally:
            del self._body_progress[routed]
        return response if routed is request else response.replace(url=request.url)

    def on_bytes_received(self, data: bytes, request: Request) -> None:
        """Count the bytes of a body, and stop the download if the rate is too low."""
        body = self._body_progress.get(request)
        if body is None:
            return
        now = monotonic()
        body.started_at = body.started_at or now
        body.received_bytes += len(data)
        if now - body.started_at > self._min_rate_grace_seconds and body.received_bytes < self._min_download_rate * (
            now - body.started_at
        ):
            raise StopDownload(fail=True)

    def _warn_once(self, host: str, refusal: type[RequestRefusedError]) -> None:
        """Log that a host is not requested: Scrapy's commands say nothing about a request that is refused."""
        if host not in self._warned_hosts:
            self._warned_hosts.add(host)
            _log.warning("%s is not requested (%s); %s", host, refusal.reason, refusal.advice)

    def _apply_connect_to(self, request: Request) -> Request:
        parts = urlsplit(request.url)
        host = urls.ascii_netloc(parts)
        if host not in self._connect_to:
            return request
        server = urlsplit(self._connect_to[host])
        alias = self._resolver.register_alias(server.hostname or "")
        netloc = alias if server.port is None else f"{alias}:{server.port}"
        url = urlunsplit((server.scheme, netloc, parts.path, parts.query, ""))
        return request.replace(url=url, headers={**request.headers, b"Host": host})


class HeadersTooLongError(Exception):
    """The headers of a response exceed MAX_HEADER_BYTES."""


class BoundedHeaderFactory(_LenientHTTP11ClientFactory):
    """Create connections that limit the size of headers."""

    def buildProtocol(self, addr: IAddress | None) -> "_BoundedHeaderProtocol":  # noqa: ARG002, N802
        """Create the protocol of a connection; Twisted calls this."""
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
        # Twisted creates the parser itself; Scrapy replaces it in the same way.
        assert self._parser is not None
        self._parser.__class__ = _BoundedHeaderParser
        return deferred
