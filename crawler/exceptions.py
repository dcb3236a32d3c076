"""Exceptions that end a request, and the short constant phrases for failures.parquet that say why a URL failed."""

from scrapy import exceptions
from scrapy.exceptions import IgnoreRequest
from scrapy.spidermiddlewares.httperror import HttpError

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


class RequestRefusedError(IgnoreRequest):
    """The crawler does not make or finish this request; a retry would change nothing."""

    reason = "refused"
    advice = ""
    """What the user can do, "" if nothing."""

    def __init__(self) -> None:
        super().__init__(self.reason)


class PrivateAddressError(RequestRefusedError):
    """The host's address is not in a public network."""

    reason = "private address"
    advice = (
        "for your own shop at a private address, set allow_private_network: true in params.yaml, or "
        "-a allow_private_network=1"
    )


class NoContactError(RequestRefusedError):
    """The host is public, but no contact is set that its owner could reach."""

    reason = "no contact given"
    advice = (
        "set crawl.contact in params.yaml, or -a contact=you@yourshop.com; for scrapy shell, fetch and view "
        "-s WEFT_CONTACT=you@yourshop.com"
    )


class TooLargeError(RequestRefusedError):
    """The response has more bytes than its kind may have, before or after decompression."""

    reason = "too large"


class TooSlowError(RequestRefusedError):
    """The response arrives so slowly that it would block a connection for hours."""

    reason = "too slow"


class DecompressionError(RequestRefusedError):
    """The compressed body cannot be decompressed."""

    reason = "cannot be decompressed"


class RenderError(RequestRefusedError):
    """The browser cannot render the page."""

    reason = "cannot be rendered"


class LoginRequiredError(RequestRefusedError):
    """The URL is only for users with an account."""

    reason = "behind a login"


class OffsiteError(RequestRefusedError):
    """The page is on another host."""

    reason = "leads off the shop"


class NonHttpRedirectError(RequestRefusedError):
    """The redirect leads to another scheme: file:, ftp:, data:."""

    reason = "leads to no http address"


class RobotsDisallowedError(RequestRefusedError):
    """robots.txt does not allow the URL."""

    reason = "disallowed by robots.txt"


class RobotsUnavailableError(RequestRefusedError):
    """The host's robots.txt cannot be read, so nothing on the host is requested."""

    reason = "robots.txt cannot be read"


class CrawlDelayTooLongError(RequestRefusedError):
    """robots.txt asks for a delay so long that the crawl would not end."""

    reason = "robots.txt asks for too long a delay"


class OptedOutError(RequestRefusedError):
    """The owner opts out by X-Robots-Tag, tdm-reservation or tdmrep.json."""

    reason = "opted out by its owner"


def failure_reason(error: BaseException | None) -> str:
    """Return the phrase for the error of a request."""
    if isinstance(error, HttpError):
        return f"HTTP {error.response.status}"
    for kind, phrase in _REASONS:
        if isinstance(error, kind):
            return phrase
    if isinstance(error, exceptions.IgnoreRequest):
        text = str(error)
        return "too many redirects" if "redirect" in text else text or "refused"
    return type(error).__name__
