"""Handler: Scrapy's HTTP client, with the addresses it may connect to and the rate below which it hangs up."""

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from scrapy import signals
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.exceptions import CannotResolveHostError, DownloadCancelledError, DownloadFailedError, StopDownload
from scrapy.http import Request, Response

from crawler.connect.headers import BoundedFactory, HeadersTooLong
from crawler.connect.networks import Network
from crawler.connect.refusals import NoContact, PrivateAddress, TooLarge, TooSlow
from crawler.connect.resolver import guard, spelt

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

SERVED_AT = "WEFT_SERVED_AT"
"""Setting: {"shop.example": "http://127.0.0.1:8001"}: who answers for a host, as curl's --connect-to has it. URLs,
robots.txt and delays keep to the name; the place was named by hand, so its network is not asked."""
PRIVATE_HOME = "WEFT_PRIVATE_HOME"
"""Setting: the host of a shop that may lie at a private address; "" for none."""
HAS_CONTACT = "WEFT_HAS_CONTACT"
"""Setting: whether the user agent names somebody who can be reached."""
SLOW_AFTER = "WEFT_SLOW_AFTER"
"""Setting: seconds after the first byte of a body from which on its rate counts."""
LEAST_RATE = "WEFT_LEAST_RATE"
"""Setting: bytes a second."""


@dataclass
class _Body:
    """How much of a body has come since when."""

    began: float = 0.0
    received: int = 0


class Handler(HTTP11DownloadHandler):
    """Scrapy's own, guarded; for http and https alike."""

    def __init__(self, crawler: "Crawler") -> None:
        super().__init__(crawler)
        from twisted.internet import reactor

        self._pool._factory = BoundedFactory
        settings = crawler.settings
        self._places: dict[str, str] = settings.getdict(SERVED_AT)
        self._slow_after = settings.getfloat(SLOW_AFTER)
        self._least_rate = settings.getfloat(LEAST_RATE)
        self._resolver = guard(
            reactor,
            has_contact=settings.getbool(HAS_CONTACT),
            home=settings.get(PRIVATE_HOME, ""),
        )
        self._bodies: dict[Request, _Body] = {}
        crawler.signals.connect(self.count, signal=signals.bytes_received)

    async def download_request(self, request: Request) -> Response:
        """Fetch `request`; the response bears the URL that was asked for.

        Raises:
            PrivateAddress: Its host lies in a network that is not open to this crawl.
            NoContact: Its host is public, and we do not say who we are.
            TooLarge: It has more bytes than it may.
            TooSlow: It trickles.
        """
        asked = self._addressed(request)
        self._bodies[asked] = _Body()
        try:
            response = await super().download_request(asked)
        except StopDownload:
            raise TooSlow from None
        except DownloadCancelledError:
            raise TooLarge from None
        except DownloadFailedError as error:
            if any(reason.check(HeadersTooLong) for reason in getattr(error.__cause__, "reasons", ())):
                raise TooLarge from None
            raise
        except CannotResolveHostError:
            network = self._resolver.refused.get(spelt(urlsplit(request.url).hostname or ""))
            if network is None:
                raise
            raise (NoContact if network is Network.PUBLIC else PrivateAddress) from None
        finally:
            del self._bodies[asked]
        return response if asked is request else response.replace(url=request.url)

    def count(self, data: bytes, request: Request) -> None:
        """Count what has come of a body; hang up when that is too little for its time."""
        body = self._bodies.get(request)
        if body is None:
            return
        now = monotonic()
        body.began = body.began or now
        body.received += len(data)
        if now - body.began > self._slow_after and body.received < self._least_rate * (now - body.began):
            raise StopDownload(fail=True)

    def _addressed(self, request: Request) -> Request:
        parts = urlsplit(request.url)
        if parts.netloc not in self._places:
            return request
        place = urlsplit(self._places[parts.netloc])
        name = self._resolver.place(place.hostname or "")
        netloc = name if place.port is None else f"{name}:{place.port}"
        url = urlunsplit((place.scheme, netloc, parts.path, parts.query, ""))
        return request.replace(url=url, headers={**request.headers, b"Host": parts.netloc})
