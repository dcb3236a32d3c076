"""A small shop on loopback, as hostile as a test wants it: pages by path, faults by path, every request counted."""

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

from weft import params

JPEG = b"\xff\xd8\xff\xe0"


@dataclass
class Answer:
    """What the server says to one path."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    busy: int = 0
    """So many 503 come first ..."""
    busy_status: int = 503
    """... or another status ..."""
    retry_after: str | Callable[[], str] = "0"
    """... that asks to wait: what it says, or what says it."""
    script: Callable[[BaseHTTPRequestHandler], bool] | None = None
    """Writes the whole answer itself, headers included, or says False to leave it."""

    def wait(self) -> str:
        """What a busy answer says of waiting."""
        return self.retry_after if isinstance(self.retry_after, str) else self.retry_after()


class Shop:
    """Pages, and what was asked of them."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.rules: dict[str, Callable[[str], Answer]] = {}
        """By the beginning of a path: pages without end."""
        self.asked: Counter[str] = Counter()
        self.times: dict[str, list[float]] = {}
        """By path, when it was asked."""
        self.agents: set[str] = set()
        """Who asked."""
        self.slowness = 0.0
        """Seconds that each answer takes."""
        self.most_at_once = 0
        self._at_once = 0
        self._counting = threading.Lock()
        self.base = ""
        """The address it knows itself by."""
        self.real = ""
        """The address it is served at."""

    def enter(self, path: str) -> None:
        """Count a request that comes in."""
        with self._counting:
            self.asked[path] += 1
            self.times.setdefault(path, []).append(time.monotonic())
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        time.sleep(self.slowness)

    def leave(self) -> None:
        """Count a request as answered, before its answer is sent."""
        with self._counting:
            self._at_once -= 1

    def answer(self, path: str) -> Answer:
        """What to say to `path`: what is served there, else what the first rule for its beginning makes of it."""
        if path in self.answers:
            return self.answers[path]
        rules = (rule for start, rule in self.rules.items() if path.startswith(start))
        return next(rules, lambda _: Answer(b"gone", 404))(path)

    def page(self, path: str, body: str | bytes, **more: object) -> None:
        """Serve `body`, in which {base} is the server's address."""
        raw = body if isinstance(body, bytes) else body.replace("{base}", self.base).encode()
        self.answers[path] = Answer(raw, **more)  # type: ignore[arg-type]

    def photo(self, name: str, **more: object) -> str:
        """Serve a photo and say its path."""
        self.page(f"/media/{name}.jpg", JPEG + name.encode(), **more)
        return f"/media/{name}.jpg"

    def product(self, number: int, path: str = "", photos: int = 2, **more: object) -> str:
        """Serve a JSON-LD product page with its photos and say its path."""
        path = path or f"/p/{number}"
        images = [self.base + self.photo(f"{number}-{view}") for view in range(photos)]
        data = {"@type": "Product", "name": f"Shirt {number}", "sku": f"S{number}", "image": images, "color": "Blue"}
        script = f'<script type="application/ld+json">{json.dumps(data)}</script>'
        crumbs = "<ul class='breadcrumbs'><li>Home</li><li>Women</li><li>Shirts</li></ul>"
        self.page(path, f"<html><head>{script}</head><body>{crumbs}<h1>Shirt {number}</h1></body></html>", **more)
        return path

    def sitemap(self, paths: list[str]) -> None:
        """Serve robots.txt, an index and one compressed sitemap of `paths`."""
        self.page("/robots.txt", "User-agent: *\nDisallow: /secret\nSitemap: {base}/sitemap.xml\n")
        self.page("/sitemap.xml", "<sitemapindex><sitemap><loc>{base}/products.xml.gz</loc></sitemap></sitemapindex>")
        urls = "".join(f"<url><loc>{self.base}{path}</loc></url>" for path in paths)
        self.page("/products.xml.gz", gzip.compress(f"<urlset>{urls}</urlset>".encode()))


@contextmanager
def open_shop() -> Iterator[Shop]:
    """A shop on a free port, with a home page, for as long as the context lasts."""
    shop = Shop()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            shop.enter(self.path)
            shop.agents.add(self.headers.get("User-Agent", ""))
            answer = shop.answer(self.path)
            if shop.asked[self.path] <= answer.busy:
                answer = Answer(b"busy", answer.busy_status, {"Retry-After": answer.wait()})
            shop.leave()
            if answer.script is not None and answer.script(self):
                return
            self.send_response(answer.status)
            for name, value in {"Content-Type": "text/html", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    shop.base = shop.real = f"http://127.0.0.1:{server.server_address[1]}"
    shop.page("/robots.txt", "User-agent: *\nDisallow: /secret\n")
    shop.page("/", "<h1>Welcome</h1>")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def settings(*shops: params.Shop) -> params.Crawl:
    """Crawl settings for loopback: no delay, private addresses allowed."""
    own = tuple(dataclasses.replace(shop, allow_private=True) for shop in shops)
    return params.Crawl(snapshot=1, shops=own, delay=0.0, concurrency=4, demo=params.Demo(products=9, seed=1))


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file of a snapshot by its name."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
