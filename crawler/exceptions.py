"""Refusals: why we ended an exchange ourselves; each text is the reason in failures.parquet.

Why a URL could not be had, in one short constant phrase each, fit for counting.
"""

from scrapy import exceptions
from scrapy.exceptions import IgnoreRequest
from scrapy.spidermiddlewares.httperror import HttpError


class RequestRefused(IgnoreRequest):
    """We will not, or not to the end; asking again would change nothing."""

    reason = "refused"

    def __init__(self) -> None:
        super().__init__(self.reason)


class PrivateAddress(RequestRefused):
    """The host's address belongs to no public network."""

    reason = "private address"


class NoContact(RequestRefused):
    """The host is public and nobody is named whom its owner could reach."""

    reason = "no contact given"


class TooLarge(RequestRefused):
    """More bytes than a thing of its kind has, before or after decompression."""

    reason = "too large"


class TooSlow(RequestRefused):
    """It trickles: it would hold a connection for hours."""

    reason = "too slow"


class DecompressionError(RequestRefused):
    """What calls itself compressed cannot be decompressed."""

    reason = "cannot be decompressed"


class LoginRequired(RequestRefused):
    """Only who has an account may see it."""

    reason = "behind a login"


class Offsite(RequestRefused):
    """A page of another host."""

    reason = "leads off the shop"


class NonHttpRedirect(RequestRefused):
    """A redirect to another scheme: file:, ftp:, data:."""

    reason = "leads to no http address"


class RobotsDisallowed(RequestRefused):
    """robots.txt does not allow the URL."""

    reason = "disallowed by robots.txt"


class RobotsUnavailable(RequestRefused):
    """The host's robots.txt cannot be had, so nothing is asked of it."""

    reason = "robots.txt cannot be read"


class CrawlDelayTooLong(RequestRefused):
    """robots.txt asks for a delay with which a crawl has no end."""

    reason = "robots.txt asks for too long a delay"


class OptedOut(RequestRefused):
    """Its owner reserves it: X-Robots-Tag or tdm-reservation."""

    reason = "opted out by its owner"


REQUEST_LOST = "lost by the crawler, see its log"
NOT_A_PHOTO = "not a photo"
NOT_A_FEED = "not a feed"
NOT_A_SITEMAP = "not a sitemap"
UNREADABLE_PAGE = "page cannot be read"

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.DownloadTimeoutError, "timeout"),
    (exceptions.CannotResolveHostError, "host not found"),
    (exceptions.DownloadConnectionRefusedError, "connection refused"),
    (exceptions.ResponseDataLossError, "connection broken"),
    (exceptions.DownloadFailedError, "connection broken"),
    (exceptions.DownloadCancelledError, "too large"),
)


def failure_reason(error: BaseException | None) -> str:
    """The phrase for what went wrong with a request."""
    if isinstance(error, HttpError):
        return f"HTTP {error.response.status}"
    for kind, phrase in _REASONS:
        if isinstance(error, kind):
            return phrase
    if isinstance(error, exceptions.IgnoreRequest):
        text = str(error)
        return "too many redirects" if "redirect" in text else text or "refused"
    return type(error).__name__
