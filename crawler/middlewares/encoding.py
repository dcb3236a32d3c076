"""Downloader middleware that detects the encoding of pages from their bytes, because servers state wrong charsets."""

import re

from scrapy.http import HtmlResponse, Request, Response, TextResponse

from crawler.decoding.text_encoding import detect_encoding
from crawler.items import PAGE

_HTML_START = re.compile(
    rb"(?:<\?xml[^>]*>|<!--.*?-->|\s)*<(?:!doctype\s+html|html|head|body|meta|title|script)\b", re.I | re.S
)
_SNIFF_BYTES = 4096


class EncodingMiddleware:
    """Correct the type and the encoding of pages."""

    def process_response(self, request: Request, response: Response) -> Response:
        """Return a page as a text response in its real encoding."""
        if request.meta.get("kind", PAGE) != PAGE or not (
            isinstance(response, TextResponse) or _is_html(response.body)
        ):
            return response
        header = response.headers.get(b"Content-Type", b"")
        encoding = detect_encoding(response.body, (header or b"").decode("latin-1"))
        if isinstance(response, TextResponse):
            return response.replace(encoding=encoding)
        return response.replace(cls=HtmlResponse, encoding=encoding)


def _is_html(body: bytes) -> bool:
    return _HTML_START.match(body[:_SNIFF_BYTES]) is not None
