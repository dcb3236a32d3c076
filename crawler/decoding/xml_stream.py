"""Repair the XML that shops write, as a stream: bare ampersands, HTML entities, control characters, noise at the start.

A parser that recovers from such errors drops the text around them and changes URLs, so they are mended before it.
"""

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.entities import html5
from pathlib import Path
from typing import BinaryIO, TextIO

from crawler.decoding.byte_stream import open_limited
from crawler.decoding.text_encoding import open_text
from weft.errors import ShopError

_CHUNK_CHARS = 1 << 16
_HEAD_CHARS = 1 << 16
"""Number of characters in which the root element must start."""
_MAX_ENTITY_CHARS = 40
_PREDEFINED = frozenset({"amp", "lt", "gt", "quot", "apos"})
_ENTITY = re.compile(r"&(?:#[xX]([0-9a-fA-F]{1,7});|#(\d{1,8});|([A-Za-z][A-Za-z0-9]{1,30});|)")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_DECLARATION = re.compile(r"<\?xml\b[^>]*\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE\b[^\[>]*(\[|>)", re.IGNORECASE)
# The element at which a feed or sitemap starts; PHP and some servers print HTML in front of it.
_ROOT = re.compile(r"<(?!(?:br|b|p|font|pre|div|table|tr|td|th|strong|em|i|hr|span|a)\b)[A-Za-z_]", re.IGNORECASE)
_CDATA_START, _CDATA_END = "<![CDATA[", "]]>"


class RepairedXml(io.RawIOBase):
    """The UTF-8 bytes of a repaired XML text, without declaration and document type, for an XML parser to read.

    Args:
        text: The text of the file.
        name: Names the source in error messages.

    Raises:
        ShopError: The text declares entities of its own, which could expand without end or read local files.
    """

    def __init__(self, text: TextIO, name: str) -> None:
        self._chunks = _repair(_skip_prolog(text, name))
        self._buffer = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read at most len(buffer) bytes; return their number, 0 at the end."""
        while not self._buffer:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._buffer = chunk.encode("utf-8", errors="replace")
        length = min(len(buffer), len(self._buffer))
        buffer[:length], self._buffer = self._buffer[:length], self._buffer[length:]
        return length


@contextmanager
def open_repaired_xml(source: Path | str | BinaryIO, name: str) -> Iterator[BinaryIO]:
    """Open an XML file or stream of any encoding as the bytes of its repaired text; see `open_limited`."""
    with open_limited(source, name) as raw:
        yield io.BufferedReader(RepairedXml(open_text(raw), name), buffer_size=_CHUNK_CHARS)


def _skip_prolog(text: TextIO, name: str) -> Iterator[str]:
    """Yield the text from its root element on."""
    head = text.read(_HEAD_CHARS)
    declaration = _DECLARATION.search(head)
    if declaration:
        head = head[declaration.end() :]
    doctype = _DOCTYPE.search(head)
    if doctype and doctype[1] == "[":
        raise ShopError(
            f"{name}: expected a feed, got XML with a document type declaration that declares entities, "
            "which is refused; remove the declaration"
        )
    if doctype:
        # It only names a DTD, as Yandex's format demands; the DTD is never read.
        head = head[doctype.end() :]
    root = _ROOT.search(head)
    yield head[root.start() :] if root else head
    while chunk := text.read(_CHUNK_CHARS):
        yield chunk


def _repair(chunks: Iterator[str]) -> Iterator[str]:
    """Yield the repaired text. CDATA sections keep their ampersands."""
    pending, in_cdata = "", False
    for chunk in chunks:
        pending += _ILLEGAL.sub("", chunk)
        repaired, pending, in_cdata = _repair_complete_part(pending, in_cdata)
        yield repaired
    yield pending if in_cdata else _ENTITY.sub(_repair_entity, pending)


def _repair_complete_part(text: str, in_cdata: bool) -> tuple[str, str, bool]:
    """Return (the repaired text, the rest that may be cut inside a mark or an entity, whether it is inside CDATA)."""
    parts = []
    while True:
        mark = _CDATA_END if in_cdata else _CDATA_START
        before, found, after = text.partition(mark)
        if not found:
            break
        parts.append(before if in_cdata else _ENTITY.sub(_repair_entity, before))
        parts.append(mark)
        text, in_cdata = after, not in_cdata
    kept = max(len(mark), _MAX_ENTITY_CHARS)
    complete, rest = (text[:-kept], text[-kept:]) if len(text) > kept else ("", text)
    if not in_cdata and (cut := complete.rfind("&", -_MAX_ENTITY_CHARS)) >= 0:
        complete, rest = complete[:cut], complete[cut:] + rest
    parts.append(complete if in_cdata else _ENTITY.sub(_repair_entity, complete))
    return "".join(parts), rest, in_cdata


def _repair_entity(match: re.Match[str]) -> str:
    hexadecimal, decimal, name = match.groups()
    if hexadecimal or decimal:
        character = html.unescape(match[0])
        is_legal = character and not _ILLEGAL.search(character) and "\ufffd" not in character
        return html.escape(character, quote=False) if is_legal else ""
    if name in _PREDEFINED:
        return match[0]
    if name and f"{name};" in html5:
        return html.escape(html5[f"{name};"], quote=False)
    return "&amp;" + match[0][1:]
