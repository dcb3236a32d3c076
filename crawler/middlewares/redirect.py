"""Redirects: followed a few times, to http and https alone."""

from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.http import Request, Response

from crawler.connect.refusals import NonHttpRedirect

_REDIRECT_STATUSES = (301, 302, 303, 307, 308)


class HttpRedirectMiddleware(RedirectMiddleware):
    """Scrapy's own, which takes a redirect to file: or data: for an answer."""

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Follow a redirect, or refuse it."""
        result = super().process_response(request, response)
        if result is response and response.status in _REDIRECT_STATUSES and "Location" in response.headers:
            raise NonHttpRedirect
        return result
