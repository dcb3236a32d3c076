"""Detect the encoding of pages and feeds from their bytes, because servers and files state wrong ones."""

import codecs
import io
import re
from collections.abc import Iterator
from typing import TextIO

from charset_normalizer import from_bytes
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, resolve_encoding

SAMPLE_BYTES = 1 << 16
"""Number of bytes of a feed from which its encoding is detected: the buffer of `byte_stream.open_limited`."""
# The encodings of the WHATWG standard under their Python names. Python has other codecs, some of which take hours for
# a megabyte (punycode) or are not encodings of pages (unicode_escape).
_WEB_CODECS = re.compile(
    r"utf-8|utf-16(?:-[lb]e)?|cp125\d|cp866|cp874|cp932|cp949|iso8859-\d+|koi8-[ru]|mac-(?:roman|cyrillic)|gbk|gb18030|"
    r"gb2312|big5(?:hkscs)?|euc_(?:jp|jis_2004|kr)|shift_jis|iso2022_jp|tis-620|ascii"
)
_FALLBACK_ENCODING = "cp1252"
_GUESSED_ENCODINGS = ["cp932", "euc_jp", "cp949", "gb18030", "big5", "cp1251", "cp1250", "cp1252"]
"""The encodings of spreadsheets. More candidates would make the guess on short texts worse."""
_MAX_GUESSED_BYTES = 20_000
_IN_LATIN_WORD = re.compile(r"[a-z][\u1100-\ud7ff\uf900-\ufaff\uff66-\uffdc]+[a-z]|[A-Za-z ][\u3400-\ud7ff][a-z]{2}")
"""A character of East Asia inside a word of Latin letters: the letters are Western ones, read wrongly."""
_META_CHARSET = re.compile(rb"<meta\b[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_MAX_HEAD_BYTES = 256_000
"""Number of bytes in which a meta tag states the encoding; browsers read only the first 1,024."""
_XML_DECLARATION = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)")


def detect_encoding(body: bytes, content_type: str) -> str:
    """Return the encoding of a page.

    In this order: a byte order mark; UTF-8 if the bytes are valid UTF-8, since other text is never valid by chance; the
    first declared encoding that decodes the bytes; UTF-8 if most characters are valid; the first other declared
    encoding; a guess from the characters outside ASCII if nothing is declared; Windows-1252.

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
    if _mostly_utf8(body):
        return "utf-8"
    if other := next((name for name in declared if name != "utf-8"), ""):
        return other
    return _guess_encoding(body) if not declared else _FALLBACK_ENCODING


def open_text(source: io.BufferedReader) -> TextIO:
    """Return `source` as text in the encoding that its bytes are in; broken characters are replaced."""
    sample = source.peek(SAMPLE_BYTES)[:SAMPLE_BYTES]
    return io.TextIOWrapper(source, encoding=detect_feed_encoding(sample), errors="replace", newline="")


def detect_feed_encoding(sample: bytes) -> str:
    """Return the encoding of a feed, a sitemap or a table.

    In this order: a byte order mark; UTF-16 by the zero bytes of ASCII characters; UTF-8 if the bytes are valid; the
    encoding of the XML declaration if it decodes the bytes; a guess from the characters outside ASCII.

    Args:
        sample: The first SAMPLE_BYTES bytes, or all.
    """
    if bom_encoding := read_bom(sample)[0]:
        return {"utf-8": "utf-8-sig", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}.get(bom_encoding, bom_encoding)
    if utf16 := _detect_utf16(sample):
        return utf16
    if decodes_as(sample, "utf-8"):
        return "utf-8"
    declaration = _XML_DECLARATION.search(sample[:1024])
    declared = resolve_encoding(declaration[1].decode("ascii")) if declaration else None
    if declared and _WEB_CODECS.fullmatch(declared) and declared != "utf-8" and decodes_as(sample, declared):
        return declared
    return _guess_encoding(sample)


def _detect_utf16(sample: bytes) -> str:
    even, odd = sample[0:4000:2], sample[1:4000:2]
    if len(odd) > 1 and odd.count(0) > len(odd) // 2 and not even.count(0):
        return "utf-16-le"
    if len(even) > 1 and even.count(0) > len(even) // 2 and not odd.count(0):
        return "utf-16-be"
    return ""


def _guess_encoding(sample: bytes) -> str:
    """Guess the encoding from the lines that are not ASCII; Windows-1252 if none is likely."""
    lines = [line for line in sample.split(b"\n") if not line.isascii()]
    text = b"\n".join(lines)[:_MAX_GUESSED_BYTES]
    if decodes_as(text, "utf-8") or _mostly_utf8(text):
        return "utf-8"
    best = from_bytes(text, cp_isolation=_GUESSED_ENCODINGS).best()
    if best is None or _IN_LATIN_WORD.search(text.decode(best.encoding, "replace")):
        return _FALLBACK_ENCODING
    # Western texts are the same in both, and Windows-1252 is far more frequent.
    same_in_western = best.encoding == "cp1250" and text.decode("cp1250", "replace") == text.decode("cp1252", "replace")
    return _FALLBACK_ENCODING if same_in_western else best.encoding


def _mostly_utf8(body: bytes) -> bool:
    text = body.decode("utf-8", errors="replace")
    return 2 * text.count("\N{REPLACEMENT CHARACTER}") < sum(character > "\x7f" for character in text)


def decodes_as(body: bytes, encoding: str) -> bool:
    """Return whether `body` is text in `encoding`; an incomplete character at the end is allowed."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(body)
    except UnicodeError:
        return False
    return True


def _declared_encodings(body: bytes, content_type: str) -> Iterator[str]:
    late_meta = _META_CHARSET.search(body[:_MAX_HEAD_BYTES])
    for name in (
        http_content_type_encoding(content_type),
        html_body_declared_encoding(body),
        late_meta[1].decode("ascii") if late_meta else None,
    ):
        resolved = resolve_encoding(name) if name else None
        if resolved and _WEB_CODECS.fullmatch(resolved):
            yield resolved
