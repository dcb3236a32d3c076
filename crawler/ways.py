"""Ways: how a shop's products are found, the cheapest first; the next way only where the one before was not enough."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from crawler import feed
from crawler.arguments import Wanted
from crawler.discover import platforms, urls
from crawler.outcomes import FEED, PAGE, SITEMAP
from crawler.store import Store

LINKS, PRODUCTS = "links", "products"
ORDER: dict[str, tuple[str, ...]] = {
    # Listings beside sitemaps: they say in which categories the products stand, and name what the sitemaps forget.
    "auto": (FEED, SITEMAP + "+" + LINKS),
    "feed": (FEED,),
    "sitemap": (SITEMAP,),
    "links": (LINKS,),
    "products": (PRODUCTS,),
}
"""By strategy, the ways that are tried one after the other."""


class Ways:
    """Plants what each way begins with into the frontier.

    Args:
        wanted: The shop, and what of it.
        store: Whose frontier; it notes which way the crawl is on, so that a crawl that goes on stays on it.
        starts: Where links begin.
    """

    def __init__(self, wanted: Wanted, store: Store, starts: Sequence[str]) -> None:
        self._wanted, self._store, self._starts = wanted, store, starts
        self._order = ORDER[wanted.shop.strategy]
        self._sitemaps: Sequence[str] = ()

    @property
    def follows_links(self) -> bool:
        """Whether links of listings are part of the way."""
        return LINKS in self._order[self._at]

    @property
    def takes_all(self) -> bool:
        """Whether these ways lead to all products of the shop, so that one not met may have gone."""
        return PRODUCTS not in self._order

    def begin(self, sitemaps: Sequence[str]) -> None:
        """Plant the way that the crawl is on.

        Args:
            sitemaps: Those that robots.txt names.

        Raises:
            ShopError: A feed or a list of products is a file that cannot be read.
        """
        self._sitemaps = sitemaps
        self._plant()

    def go_on(self) -> bool:
        """Take the next way, where there is one and this one was not enough; nothing of this one is left to ask."""
        if self._at + 1 == len(self._order) or self._was_enough():
            return False
        self._store.note(way=str(self._at + 1))
        self._plant()
        return True

    @property
    def _at(self) -> int:
        return int(self._store.about("way") or 0)

    def _was_enough(self) -> bool:
        return self._store.products > 0 and not self._store.has_failed(FEED)

    def _plant(self) -> None:
        way = self._order[self._at]
        if way == FEED:
            self._plant_feed()
        if SITEMAP in way:
            named = list(self._sitemaps)
            if platforms.is_feed(self._wanted.url):
                named.insert(0, self._wanted.url)
            self._store.plant(SITEMAP, named or [urljoin(self._wanted.url, "/sitemap.xml")], guess=not named)
        if LINKS in way:
            self._store.plant(PAGE, self._starts, linked=True)
        if way == PRODUCTS:
            self._store.plant(PAGE, self._products())
        self._store.commit()

    def _plant_feed(self) -> None:
        given = self._wanted.shop.feed
        if given and not _is_web(given):
            self._read_file(Path(given))
        elif given:
            self._store.plant(FEED, [platforms.first_page(given)])
        elif platforms.is_feed(self._wanted.url):
            # It may be a sitemap as well.
            strategy = self._wanted.shop.strategy
            self._store.plant(FEED, [platforms.first_page(self._wanted.url)], guess=strategy == "auto")
        else:
            self._store.plant(FEED, platforms.guesses(self._wanted.url), guess=True)

    def _read_file(self, path: Path) -> None:
        """A catalogue on this machine: no request, so its rows are kept at once."""
        self._store.plant(FEED, [path.name])
        for row, _ in self._store.todo(FEED, 1, ()):
            for part in feed.read(path, self._wanted.url, self._wanted.shop.name, row, self._wanted.shop.max_products):
                self._store.keep(part)

    def _products(self) -> list[str]:
        """The pages of `products`: addresses with commas between, or a file with one a line."""
        given = self._wanted.shop.products
        if _is_web(given):
            listed: Sequence[str] = given.split(",")
        else:
            listed = feed.lines(Path(given))
        found = (urls.absolute(self._wanted.url, line.strip()) for line in listed if line.strip())
        return [urls.clean(url) for url in found if url]


def _is_web(text: str) -> bool:
    return urlsplit(text.strip()).scheme in ("http", "https")
