"""Serve the demo shops on the loopback interface, in this process or in a child process."""

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from weft.demo.shops import SHOPS_BY_MARKUP
from weft.demo.site import Site, SiteResponse
from weft.errors import ShopError

HOST = "127.0.0.1"
STATS_PATH = "/__stats__"
_TERMINATE_TIMEOUT_SECONDS = 5.0


class ShopServer(ThreadingHTTPServer):
    """One shop on one loopback port.

    Args:
        site: The shop.
        port: The port; 0 takes a free one.

    Raises:
        ShopError: The port is in use.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, site: Site, port: int = 0) -> None:
        self.site = site
        self.request_counts: Counter[str] = Counter()
        self.counts_lock = threading.Lock()
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise ShopError(f"port {port} on {HOST} is not available: {error}; use --port 0 for a free one") from error

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that close the connection; log every other error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        """The URL of the home page."""
        return f"http://{HOST}:{self.server_address[1]}/"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # With Nagle's algorithm every response waits for the client's delayed acknowledgement, 40 ms on Linux.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: ShopServer

    def do_GET(self) -> None:
        url_parts = urlsplit(self.path)
        path = unquote(url_parts.path)
        if path == STATS_PATH:
            with self.server.counts_lock:
                body = json.dumps(dict(sorted(self.server.request_counts.items()))).encode()
            self._send(SiteResponse(kind="stats", body=body, content_type="application/json"))
            return
        host = self.headers.get("Host") or f"{HOST}:{self.server.server_address[1]}"
        response = self.server.site.respond(path, dict(parse_qsl(url_parts.query)), f"http://{host}")
        with self.server.counts_lock:
            self.server.request_counts[response.kind] += 1
        self._send(response)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: requests are counted instead."""

    def _send(self, response: SiteResponse) -> None:
        etag = response.headers.get("ETag")
        unchanged = etag is not None and self.headers.get("If-None-Match") == etag
        body = b"" if unchanged else response.body
        self.send_response(304 if unchanged else response.status)
        if not unchanged:
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def run_demo_shops(markups: Sequence[str], products: int, seed: int) -> Iterator[dict[str, str]]:
    """Serve shops from a child process while the context is open.

    The child process keeps the drawing of photos off the core of the client. It ends with the context, and also if
    this process dies.

    Args:
        markups: The markups of the shops: "jsonld", "microdata", "opengraph".
        products: Number of products of all three demo shops together, even if fewer shops are served.
        seed: Seed of the catalogue.

    Yields:
        Markup -> URL of the home page, "http://127.0.0.1:PORT/".

    Raises:
        ShopError: A markup is unknown, or the child does not start.
    """
    for markup in markups:
        if markup not in SHOPS_BY_MARKUP:
            raise ShopError(f"demo:{markup}: no such demo shop, expected one of {', '.join(SHOPS_BY_MARKUP)}")
    unique_markups = list(dict.fromkeys(markups))
    if not unique_markups:
        yield {}
        return
    command = [sys.executable, "-m", "weft.demo", "--products", str(products), "--seed", str(seed), "--exit-on-eof"]
    child = subprocess.Popen(
        [*command, "--markups", *unique_markups], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield dict(zip(unique_markups, _read_urls(child, len(unique_markups)), strict=True))
    finally:
        _terminate(child)


def _read_urls(child: subprocess.Popen[str], count: int) -> list[str]:
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(count)]
    if not all(lines):
        raise ShopError(f"the demo shops did not start (exit status {child.wait()}); try: python -m weft.demo")
    return [line.split()[1] for line in lines]


def _terminate(child: subprocess.Popen[str]) -> None:
    child.terminate()
    try:
        child.wait(_TERMINATE_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
