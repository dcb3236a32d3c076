"""Downloader middlewares that limit the size of a response by its kind, as sent and after decompression."""

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response

from crawler.exceptions import DecompressionError, TooLargeError
from crawler.items import PAGE, PHOTO

MIB = 1024 * 1024
MAX_BYTES_BY_KIND = {PAGE: 16 * MIB, PHOTO: 32 * MIB}
"""By kind; DOWNLOAD_MAXSIZE applies to all others (sitemaps, feeds, robots.txt)."""


class SizeLimitMiddleware:
    """Set the size limit of each request."""

    def process_request(self, request: Request) -> None:
        """Set the limit where Scrapy's downloader and decompression read it."""
        max_bytes = MAX_BYTES_BY_KIND.get(request.meta.get("kind", ""))
        if max_bytes is not None:
            request.meta["download_maxsize"] = max_bytes
        # A redirect to another host keeps its meta and would be assigned to the slot of the first host.
        request.meta.pop("download_slot", None)


class SizeLimitedCompressionMiddleware(HttpCompressionMiddleware):
    """Scrapy's decompression with a constant reason for each failure."""

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Decompress a response.

        Raises:
            TooLargeError: The decompressed body exceeds the limit.
            DecompressionError: The body cannot be decompressed.
        """
        try:
            return super().process_response(request, response)
        except IgnoreRequest as error:
            raise TooLargeError from error
        except Exception as error:
            # zlib, brotli and zstd each raise their own exceptions.
            raise DecompressionError from error
