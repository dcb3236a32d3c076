"""Answers that a server gives which means ill, or does ill: bodies without end, bombs, broken connections."""

import gzip
import socket
import struct
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import brotli
from backports import zstd

BLOCK = bytes(64 * 1024)


def endless(kind: str = "text/html", *, as_headers: bool = False) -> Callable[[BaseHTTPRequestHandler], bool]:
    """A body, or headers, that go on for as long as somebody reads them."""

    def script(asked: BaseHTTPRequestHandler) -> bool:
        if as_headers:
            asked.send_response(200)
            asked.flush_headers()
        else:
            _begin(asked, {"Content-Type": kind})
        block = b"X-And: another\r\n" * 4000 if as_headers else BLOCK
        try:
            while True:
                asked.wfile.write(block)
        except OSError:
            return _over(asked)

    return script


def trickle(kind: str, pause: Callable[[], object]) -> Callable[[BaseHTTPRequestHandler], bool]:
    """A byte at a time."""

    def script(asked: BaseHTTPRequestHandler) -> bool:
        _begin(asked, {"Content-Type": kind, "Content-Length": "100000"})
        try:
            for _ in range(100_000):
                asked.wfile.write(b"x")
                asked.wfile.flush()
                pause()
        except OSError:
            pass
        return _over(asked)

    return script


def silence() -> Callable[[BaseHTTPRequestHandler], bool]:
    """Nothing, for as long as somebody waits."""

    def script(asked: BaseHTTPRequestHandler) -> bool:
        # An asker who hangs up can be read to the end.
        asked.rfile.read()
        return _over(asked)

    return script


def reset_halfway(body: bytes, times: int) -> Callable[[BaseHTTPRequestHandler], bool]:
    """The first `times` answers break off in the middle of `body`, by a reset of the connection."""
    left = [times]

    def script(asked: BaseHTTPRequestHandler) -> bool:
        if not left[0]:
            return False
        left[0] -= 1
        _begin(asked, {"Content-Type": "image/jpeg", "Content-Length": str(len(body))})
        asked.wfile.write(body[: len(body) // 2])
        asked.wfile.flush()
        # Closing with time 0 to linger sends a reset.
        asked.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        asked.connection.close()
        return _over(asked)

    return script


def bombs(size: int) -> dict[str, bytes]:
    """By content encoding: a few bytes that become `size`."""
    zeros = bytes(size)
    return {
        "gzip": gzip.compress(zeros, 9),
        "deflate": zlib.compress(zeros, 9),
        "br": brotli.compress(zeros, quality=5),
        "zstd": zstd.compress(zeros),
    }


def _begin(asked: BaseHTTPRequestHandler, headers: dict[str, str]) -> None:
    asked.send_response(200)
    for name, value in headers.items():
        asked.send_header(name, value)
    asked.end_headers()


def _over(asked: BaseHTTPRequestHandler) -> bool:
    asked.close_connection = True
    return True
