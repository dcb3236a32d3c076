"""Where a host really answers: a shop known by one address and served at another, as curl's --connect-to does."""

from urllib.parse import urlsplit, urlunsplit

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.http import Request, Response

SERVED_AT = "WEFT_SERVED_AT"
"""Setting: {"shop.example": "http://127.0.0.1:8001"}; URLs, robots.txt and delays keep to the name."""


class AddressedHandler(HTTP11DownloadHandler):
    """Scrapy's own; hosts named in WEFT_SERVED_AT are asked elsewhere, under their own name."""

    async def download_request(self, request: Request) -> Response:
        """Fetch `request`; the response bears the URL that was asked for."""
        places: dict[str, str] = self._crawler.settings.getdict(SERVED_AT)
        parts = urlsplit(request.url)
        if parts.netloc not in places:
            return await super().download_request(request)
        place = urlsplit(places[parts.netloc])
        url = urlunsplit((place.scheme, place.netloc, parts.path, parts.query, ""))
        moved = request.replace(url=url, headers={**request.headers, b"Host": parts.netloc})
        response = await super().download_request(moved)
        return response.replace(url=request.url)
