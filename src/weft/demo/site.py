"""One shop as a function from request to reply; the server only carries it."""

import hashlib
import re
from dataclasses import dataclass, field

from weft.demo import addresses, listing, photos, sitemaps
from weft.demo.catalogue import DemoProduct, product
from weft.demo.frame import Trail, page
from weft.demo.markup import Shown, product_markup
from weft.demo.shelves import Shelves
from weft.demo.shops import DemoShop
from weft.demo.texts import Text, text_of

HTML = "text/html; charset=utf-8"
XML = "application/xml"
PLAIN = "text/plain; charset=utf-8"

_PHOTO = re.compile(r"/media/[A-Z]{2}\d+-([1-9])\.jpg")
_THUMBNAIL = re.compile(r"/media/thumbs/[A-Z]{2}\d+\.jpg")
_SITEMAP = re.compile(r"/sitemap-products-(\d{1,6})\.xml\.gz")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a request is answered with."""

    kind: str
    """What was asked for, as counted: "product", "photo", "missing" ..."""
    body: bytes
    content_type: str = HTML
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Site:
    """One shop with its catalogue.

    Args:
        shop: Which of the three.
        products: Products of all shops together; the shop has every third.
        seed: Seed of the catalogue.
    """

    def __init__(self, shop: DemoShop, products: int, seed: int) -> None:
        self.shop = shop
        self._products, self._seed = products, seed
        self._shelves = Shelves(shop, products, seed)

    def answer(self, path: str, query: dict[str, str], base: str) -> Reply:
        """The reply to a GET of `path`.

        Args:
            path: Percent-decoded, without query.
            query: Its parameters.
            base: Scheme and host as the asker wrote them, without a slash at the end.
        """
        if path.startswith(self.shop.disallowed):
            return Reply(kind="disallowed", body=b"robots.txt asks not to come here\n", content_type=PLAIN)
        if path.startswith("/media/"):
            return self._photo(path) or _missing()
        if path == "/robots.txt" or (path.startswith("/sitemap") and self.shop.has_sitemap):
            return self._for_robots(path, base) or _missing()
        if path == "/":
            return self._framed("home", self.shop.title, "", listing.home(self.shop, self._shelves))
        if path == "/about":
            return self._framed("about", "About us", "", "<h1>About us</h1><p>We sell clothes.</p>")
        if path.startswith("/c/"):
            return self._listing(path, query, base) or _missing()
        return self._product(path, base) or _missing()

    def _framed(self, kind: str, title: str, head: str, body: str) -> Reply:
        return Reply(kind=kind, body=page(self.shop, title, head, body, self._shelves.top()).encode())

    def _for_robots(self, path: str, base: str) -> Reply | None:
        if path == "/robots.txt":
            return Reply(kind="robots", body=sitemaps.robots(self.shop, base).encode(), content_type=PLAIN)
        if path == "/sitemap.xml":
            return Reply(kind="sitemap", body=sitemaps.index(self._shelves, base).encode(), content_type=XML)
        if path == "/sitemap-shelves.xml":
            return Reply(kind="sitemap", body=sitemaps.of_shelves(self._shelves, base).encode(), content_type=XML)
        found = _SITEMAP.fullmatch(path)
        body = sitemaps.of_products(self._shelves, self._seed, base, int(found[1])) if found else None
        return Reply(kind="sitemap", body=body, content_type="application/gzip") if body else None

    def _listing(self, path: str, query: dict[str, str], base: str) -> Reply | None:
        asked = query.get(self.shop.page_parameter, "1")
        number = int(asked) if re.fullmatch(r"\d{1,7}", asked) else 1
        body = listing.listing(self.shop, self._shelves, self._seed, path, number)
        if body is None:
            return None
        query_text = f"?{self.shop.page_parameter}={number}" if number > 1 else ""
        head = f'<link rel="canonical" href="{base}{path}{query_text}">'
        return self._framed("listing", path.rsplit("/", 1)[-1].replace("-", " ").capitalize(), head, body)

    def _product(self, path: str, base: str) -> Reply | None:
        found = self._at(path)
        if found is None:
            return None
        text = text_of(found)
        trail = _trail_of(path, found, text)
        if trail is None:
            return None
        head, body = product_markup(Shown(product=found, text=text, trail=trail, base=base), self.shop.markup)
        return self._framed("product", text.title, head, body + listing.related(found))

    def _photo(self, path: str) -> Reply | None:
        found = self._at(path)
        if found is None:
            return None
        if _THUMBNAIL.fullmatch(path):
            return _picture("thumbnail", photos.thumbnail(found))
        asked = _PHOTO.fullmatch(path)
        if asked is None or int(asked[1]) > len(found.views):
            return None
        return _picture("photo", photos.photo(found, found.views[int(asked[1]) - 1]))

    def _at(self, path: str) -> DemoProduct | None:
        number = addresses.number_in(path, self.shop)
        return product(self._seed, number) if number is not None and number < self._products else None


def _trail_of(path: str, found: DemoProduct, text: Text) -> Trail | None:
    """The category path that `path` shows `found` in; None if `path` is not one of its addresses."""
    if path == addresses.product_path(found, text):
        return text.trails[0]
    prefixes = {whole[:depth] for whole in text.trails for depth in range(1, len(whole) + 1)}
    return next((trail for trail in sorted(prefixes) if path == addresses.path_within(found, text, trail)), None)


def _picture(kind: str, jpeg: bytes) -> Reply:
    tag = f'"{hashlib.md5(jpeg, usedforsecurity=False).hexdigest()}"'
    return Reply(kind=kind, body=jpeg, content_type="image/jpeg", headers={"ETag": tag})


def _missing() -> Reply:
    return Reply(kind="missing", body=b"<!doctype html><h1>Not found</h1>", status=404)
