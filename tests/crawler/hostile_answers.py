"""Responses of a hostile server: endless bodies, decompression bombs, broken connections."""

import gzip
import socket
import struct
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import brotli
from backports import zstd

BLOCK = bytes(64 * 1024)


def make_endless_response(
    content_type: str = "text/html", *, as_headers: bool = False
) -> Callable[[BaseHTTPRequestHandler], bool]:
    """Return a script that sends a body, or headers, until the connection is closed."""

    def script(handler: BaseHTTPRequestHandler) -> bool:
        if as_headers:
            handler.send_response(200)
            handler.flush_headers()
        else:
            _send_head(handler, {"Content-Type": content_type})
        block = b"X-And: another\r\n" * 4000 if as_headers else BLOCK
        try:
            while True:
                handler.wfile.write(block)
        except OSError:
            return _mark_closed(handler)

    return script


def make_trickling_response(content_type: str, pause: Callable[[], object]) -> Callable[[BaseHTTPRequestHandler], bool]:
    """Return a script that sends one byte at a time."""

    def script(handler: BaseHTTPRequestHandler) -> bool:
        _send_head(handler, {"Content-Type": content_type, "Content-Length": "100000"})
        try:
            for _ in range(100_000):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                pause()
        except OSError:
            pass
        return _mark_closed(handler)

    return script


def make_silent_response() -> Callable[[BaseHTTPRequestHandler], bool]:
    """Return a script that sends nothing until the client hangs up."""

    def script(handler: BaseHTTPRequestHandler) -> bool:
        # Reading ends when the client hangs up.
        handler.rfile.read()
        return _mark_closed(handler)

    return script


def make_reset_response(body: bytes, times: int) -> Callable[[BaseHTTPRequestHandler], bool]:
    """Return a script that resets the connection in the middle of `body`, for the first `times` requests."""
    remaining = [times]

    def script(handler: BaseHTTPRequestHandler) -> bool:
        if not remaining[0]:
            return False
        remaining[0] -= 1
        _send_head(handler, {"Content-Type": "image/jpeg", "Content-Length": str(len(body))})
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        # Closing with a linger time of 0 sends a reset.
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        return _mark_closed(handler)

    return script


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, compresslevel=1),
    "deflate": lambda data: zlib.compress(data, level=1),
    "br": lambda data: brotli.compress(data, quality=1),
    "zstd": zstd.compress,
}
"""By content encoding; quick, because zeros compress well at any level."""


def make_compression_bomb(encoding: str, size: int) -> bytes:
    """Return a few bytes that decompress to `size` bytes."""
    return COMPRESSORS[encoding](bytes(size))


def _send_head(handler: BaseHTTPRequestHandler, headers: dict[str, str]) -> None:
    handler.send_response(200)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()


def _mark_closed(handler: BaseHTTPRequestHandler) -> bool:
    handler.close_connection = True
    return True
