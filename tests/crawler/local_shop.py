"""A small shop on loopback with configurable pages and faults; every request is counted."""

import dataclasses
import gzip
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from crawler.middlewares.tdm_reservation import WELL_KNOWN_PATH
from weft import params

JPEG = b"\xff\xd8\xff\xe0"


@dataclass
class StubResponse:
    """The response to one path."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    busy: int = 0
    """Number of busy responses that come first."""
    busy_status: int = 503
    """Their status."""
    retry_after: str | Callable[[], str] = "0"
    """Their Retry-After header, or a function that returns it."""
    script: Callable[[BaseHTTPRequestHandler], bool] | None = None
    """Write the whole response including headers, or return False to leave it to the server."""

    def get_retry_after(self) -> str:
        """Return the Retry-After header of a busy response."""
        return self.retry_after if isinstance(self.retry_after, str) else self.retry_after()


class LocalShop:
    """The pages of the shop, and counts of the requests for them."""

    def __init__(self) -> None:
        self.responses: dict[str, StubResponse] = {}
        self.responses_by_prefix: dict[str, Callable[[str], StubResponse]] = {}
        """By prefix of a path, for endless pages."""
        self.request_counts: Counter[str] = Counter()
        self.request_times: dict[str, list[float]] = {}
        """By path, the monotonic times of its requests."""
        self.user_agents: set[str] = set()
        """The user agents of all requests."""
        self.response_delay_seconds = 0.0
        """The delay of each response."""
        self.max_concurrent_requests = 0
        self._n_concurrent_requests = 0
        self._lock = threading.Lock()
        self.base_url = ""
        """The base of the URLs in its pages."""
        self.served_url = ""
        """The URL of the server."""

    def begin_request(self, path: str) -> None:
        """Count a request."""
        with self._lock:
            # Every crawl asks for it once; only shops that have it count the request.
            if path != WELL_KNOWN_PATH or path in self.responses:
                self.request_counts[path] += 1
            self.request_times.setdefault(path, []).append(time.monotonic())
            self._n_concurrent_requests += 1
            self.max_concurrent_requests = max(self.max_concurrent_requests, self._n_concurrent_requests)
        time.sleep(self.response_delay_seconds)

    def end_request(self) -> None:
        """Count a request as answered, before its response is sent."""
        with self._lock:
            self._n_concurrent_requests -= 1

    def find_response(self, path: str) -> StubResponse:
        """Return the response for a path: its own, or else that of the first matching prefix."""
        if path in self.responses:
            return self.responses[path]
        matching_rules = (rule for start, rule in self.responses_by_prefix.items() if path.startswith(start))
        return next(matching_rules, lambda _: StubResponse(b"gone", 404))(path)

    def add_page(self, path: str, body: str | bytes, **response_fields: object) -> None:
        """Serve `body`, in which {base} stands for `base_url`."""
        raw = body if isinstance(body, bytes) else body.replace("{base}", self.base_url).encode()
        self.responses[path] = StubResponse(raw, **response_fields)  # type: ignore[arg-type]

    def add_photo(self, name: str, **response_fields: object) -> str:
        """Serve a photo and return its path."""
        self.add_page(f"/media/{name}.jpg", JPEG + name.encode(), **response_fields)
        return f"/media/{name}.jpg"

    def add_product(self, number: int, path: str = "", photos: int = 2, **response_fields: object) -> str:
        """Serve a JSON-LD product page with its photos and return its path."""
        path = path or f"/p/{number}"
        images = [self.base_url + self.add_photo(f"{number}-{view}") for view in range(photos)]
        data = {"@type": "Product", "name": f"Shirt {number}", "sku": f"S{number}", "image": images, "color": "Blue"}
        script = f'<script type="application/ld+json">{json.dumps(data)}</script>'
        crumbs = "<ul class='breadcrumbs'><li>Home</li><li>Women</li><li>Shirts</li></ul>"
        self.add_page(
            path, f"<html><head>{script}</head><body>{crumbs}<h1>Shirt {number}</h1></body></html>", **response_fields
        )
        return path

    def add_sitemap(self, paths: list[str]) -> None:
        """Serve robots.txt, a sitemap index and one compressed sitemap of `paths`."""
        self.add_page("/robots.txt", "User-agent: *\nDisallow: /secret\nSitemap: {base}/sitemap.xml\n")
        self.add_page(
            "/sitemap.xml", "<sitemapindex><sitemap><loc>{base}/products.xml.gz</loc></sitemap></sitemapindex>"
        )
        urls = "".join(f"<url><loc>{self.base_url}{path}</loc></url>" for path in paths)
        self.add_page("/products.xml.gz", gzip.compress(f"<urlset>{urls}</urlset>".encode()))


@contextmanager
def run_local_shop() -> Iterator[LocalShop]:
    """Run a shop with a home page on a free port while the context lasts."""
    shop = LocalShop()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            shop.begin_request(self.path)
            shop.user_agents.add(self.headers.get("User-Agent", ""))
            response = shop.find_response(self.path)
            if shop.request_counts[self.path] <= response.busy:
                response = StubResponse(b"busy", response.busy_status, {"Retry-After": response.get_retry_after()})
            shop.end_request()
            if response.script is not None and response.script(self):
                return
            self.send_response(response.status)
            for name, value in {"Content-Type": "text/html", **response.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    shop.base_url = shop.served_url = f"http://127.0.0.1:{server.server_address[1]}"
    shop.add_page("/robots.txt", "User-agent: *\nDisallow: /secret\n")
    shop.add_page("/", "<h1>Welcome</h1>")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_crawl_settings(*shops: params.Shop) -> params.Crawl:
    """Return settings for a crawl on loopback: no delay, private addresses allowed."""
    private_shops = tuple(dataclasses.replace(shop, allow_private_network=True) for shop in shops)
    return params.Crawl(
        snapshot=1, shops=private_shops, delay=0.0, concurrency=4, demo=params.Demo(num_products=9, seed=1)
    )


def read_files(folder: Path) -> dict[str, bytes]:
    """Return every file of a snapshot by its name."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
