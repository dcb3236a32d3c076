"""Legible: pages are text in the encoding that their bytes are in, whatever type and charset the server names."""

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
# Codecs of the web (the WHATWG's list as Python has them). Python knows others, some of which take hours for a
# megabyte (punycode) or mean something else (unicode_escape).
_WEB_CODECS = re.compile(
    r"utf-8|utf-16(?:-[lb]e)?|cp125\d|cp866|cp874|cp932|cp949|iso8859-\d+|koi8-[ru]|mac-(?:roman|cyrillic)|gbk|gb18030|"
    r"gb2312|big5(?:hkscs)?|euc_(?:jp|jis_2004|kr)|shift_jis|iso2022_jp|tis-620|ascii"
)
_FALLBACK_ENCODING = "cp1252"


class EncodingMiddleware:
    """Mends what a server says about a page."""

    def process_response(self, request: Request, response: Response) -> Response:
        """The page as a response whose text is right."""
        if request.meta.get("kind") != PAGE or not (isinstance(response, TextResponse) or _is_html(response.body)):
            return response
        header = response.headers.get(b"Content-Type", b"")
        encoding = detect_encoding(response.body, (header or b"").decode("latin-1"))
        if isinstance(response, TextResponse):
            return response.replace(encoding=encoding)
        return response.replace(cls=HtmlResponse, encoding=encoding)


def detect_encoding(body: bytes, content_type: str) -> str:
    """The encoding of a page.

    A byte order mark says it; bytes that are valid UTF-8 are UTF-8, since no other text is so by chance; then the
    first of header and page whose word fits the bytes; else UTF-8 where most of it is, a few characters being broken;
    else the one named first, or Windows-1252.

    Args:
        body: The page.
        content_type: As the server sent it, "" for none.
    """
    if bom_encoding := read_bom(body)[0]:
        return bom_encoding
    declared = list(dict.fromkeys(_declared_encodings(body, content_type)))
    # The escapes of ISO-2022-JP are plain ASCII.
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
    """Whether `body` is text in `encoding`; a character cut at its end is no fault."""
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
