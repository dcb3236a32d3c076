"""Bounds: how many bytes an answer may have, by what was asked for, as sent and after decompression."""

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response

from crawler.exceptions import DecompressionError, TooLarge
from crawler.items import PAGE, PHOTO

MIB = 1024 * 1024
MAX_BYTES_BY_KIND = {PAGE: 16 * MIB, PHOTO: 32 * MIB}
"""By kind; anything else (sitemaps, feeds, robots.txt) has DOWNLOAD_MAXSIZE."""


class SizeLimitMiddleware:
    """Tells Scrapy the bound of each request."""

    def process_request(self, request: Request) -> None:
        """Note the bound where the downloader and the decompression look for it."""
        max_bytes = MAX_BYTES_BY_KIND.get(request.meta.get("kind", ""))
        if max_bytes is not None:
            request.meta["download_maxsize"] = max_bytes
        # A redirect to another host keeps its meta, and would be counted as a request to the first.
        request.meta.pop("download_slot", None)


class SizeLimitedCompressionMiddleware(HttpCompressionMiddleware):
    """Scrapy's own, which stops at the bound, with a reason fit for counting."""

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Decompress.

        Raises:
            TooLarge: It would have more bytes than it may.
            Garbled: It cannot be decompressed.
        """
        try:
            return super().process_response(request, response)
        except IgnoreRequest as error:
            raise TooLarge from error
        except Exception as error:
            # zlib, brotli and zstd each have errors of their own.
            raise DecompressionError from error
