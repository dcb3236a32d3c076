"""Why a URL could not be had, in one short constant phrase each, fit for counting."""

from scrapy import exceptions
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
