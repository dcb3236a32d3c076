"""Downloader middleware that detects the encoding of pages from their bytes, because servers state wrong charsets."""

import codecs
import re
from collections.abc import Iterator

from scrapy.http import HtmlResponse, Request, Response, TextResponse
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, resolve_encoding

from crawler.items import PAGE

_HTML_START = re.compile(
    rb"(?:<\?xml[^>]*>|<!--.*?-->|\s)*<(?:!doctype\s+html|html|head|body|meta|title|script)\b", re.I | re.S
)
_SNIFF_BYTES = 4096
# The encodings of the WHATWG standard under their Python names. Python has other codecs, some of which take hours for
# a megabyte (punycode) or are not encodings of pages (unicode_escape).
_WEB_CODECS = re.compile(
    r"utf-8|utf-16(?:-[lb]e)?|cp125\d|cp866|cp874|cp932|cp949|iso8859-\d+|koi8-[ru]|mac-(?:roman|cyrillic)|gbk|gb18030|"
    r"gb2312|big5(?:hkscs)?|euc_(?:jp|jis_2004|kr)|shift_jis|iso2022_jp|tis-620|ascii"
)
_FALLBACK_ENCODING = "cp1252"


class EncodingMiddleware:
    """Correct the type and the encoding of pages."""

    def process_response(self, request: Request, response: Response) -> Response:
        """Return a page as a text response in its real encoding."""
        if request.meta.get("kind") != PAGE or not (isinstance(response, TextResponse) or _is_html(response.body)):
            return response
        header = response.headers.get(b"Content-Type", b"")
        encoding = detect_encoding(response.body, (header or b"").decode("latin-1"))
        if isinstance(response, TextResponse):
            return response.replace(encoding=encoding)
        return response.replace(cls=HtmlResponse, encoding=encoding)


def detect_encoding(body: bytes, content_type: str) -> str:
    """Return the encoding of a page.

    In this order: a byte order mark; UTF-8 if the bytes are valid UTF-8, since other text is never valid by chance; the
    first declared encoding that decodes the bytes; UTF-8 if most characters are valid; the first other declared
    encoding; Windows-1252.

    Args:
        body: The bytes of the page.
        content_type: The Content-Type header, "" for none.
    """
    if bom_encoding := read_bom(body)[0]:
        return bom_encoding
    declared = list(dict.fromkeys(_declared_encodings(body, content_type)))
    # ISO-2022-JP is valid UTF-8, because its escape sequences are ASCII.
    if "iso2022_jp" not in declared and decodes_as(body, "utf-8"):
        return "utf-8"
    if decodable := next((name for name in declared if decodes_as(body, name)), ""):
        return decodable
    text = body.decode("utf-8", errors="replace")
    broken = text.count("\N{REPLACEMENT CHARACTER}")
    if 2 * broken < sum(character > "\x7f" for character in text):
        return "utf-8"
    return next((name for name in declared if name != "utf-8"), _FALLBACK_ENCODING)


def decodes_as(body: bytes, encoding: str) -> bool:
    """Return whether `body` is text in `encoding`; an incomplete character at the end is allowed."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(body)
    except UnicodeError:
        return False
    return True


def _declared_encodings(body: bytes, content_type: str) -> Iterator[str]:
    for name in (http_content_type_encoding(content_type), html_body_declared_encoding(body)):
        resolved = resolve_encoding(name) if name else None
        if resolved and _WEB_CODECS.fullmatch(resolved):
            yield resolved


def _is_html(body: bytes) -> bool:
    return _HTML_START.match(body[:_SNIFF_BYTES]) is not None
