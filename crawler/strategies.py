"""Strategies that find a shop's products, cheapest first; the next one starts only if the one before was not enough."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from crawler.discover import platform_apis, urls
from crawler.feeds import reader
from crawler.items import FEED, PAGE, SITEMAP, CrawlItem
from crawler.spider_args import SpiderArgs
from crawler.storage.store import Store

LINKS, PRODUCTS = "links", "products"
STRATEGY_FALLBACKS: dict[str, tuple[str, ...]] = {
    # Listings complement sitemaps: they give the categories of products, and link to products that sitemaps lack.
    "auto": (FEED, SITEMAP + "+" + LINKS),
    "feed": (FEED,),
    "sitemap": (SITEMAP,),
    "links": (LINKS,),
    "products": (PRODUCTS,),
}
"""By the `strategy` of a shop, the strategies that are tried in turn."""


class DiscoveryStrategy:
    """Add the start URLs of each strategy to the frontier.

    Args:
        spider_args: The arguments of the crawl.
        store: The store of the crawl; it also keeps the current strategy for a crawl that resumes.
        start_urls: The pages from which links are followed.
    """

    def __init__(self, spider_args: SpiderArgs, store: Store, start_urls: Sequence[str]) -> None:
        self._spider_args, self._store, self._start_urls = spider_args, store, start_urls
        self._fallbacks = STRATEGY_FALLBACKS[spider_args.shop.strategy]
        self._sitemaps: Sequence[str] = ()

    @property
    def follows_links(self) -> bool:
        """Whether the current strategy follows the links of listings."""
        return LINKS in self._fallbacks[self._current_index]

    @property
    def is_exhaustive(self) -> bool:
        """Whether the strategies find all products of the shop, so that a missing product may be removed."""
        return PRODUCTS not in self._fallbacks

    def begin(self, sitemaps: Sequence[str]) -> Iterator[CrawlItem]:
        """Add the start URLs of the current strategy.

        Args:
            sitemaps: The sitemaps that robots.txt lists.

        Yields:
            The products of a feed that is a local file, which needs no request.

        Raises:
            ShopError: A feed or a list of products is a file that cannot be read.
        """
        self._sitemaps = sitemaps
        self._add_start_urls()
        feed = self._spider_args.shop.feed
        if feed and not _is_http_url(feed) and self._fallbacks[self._current_index] == FEED:
            yield from self._read_feed_file(Path(feed))

    def start_next_strategy(self) -> bool:
        """Start the next strategy if there is one and this one was not enough; return whether it did.

        Call it when the current strategy has no URL left.
        """
        if self._current_index + 1 == len(self._fallbacks) or self._is_sufficient():
            return False
        self._store.set_meta(strategy_index=str(self._current_index + 1))
        self._add_start_urls()
        return True

    @property
    def _current_index(self) -> int:
        return int(self._store.get_meta("strategy_index") or 0)

    def _is_sufficient(self) -> bool:
        return self._store.product_count > 0 and not self._store.has_failed(FEED)

    def _add_start_urls(self) -> None:
        current = self._fallbacks[self._current_index]
        if current == FEED:
            self._add_feed_urls()
        if SITEMAP in current:
            sitemap_urls = list(self._sitemaps)
            if platform_apis.is_feed_url(self._spider_args.url):
                sitemap_urls.insert(0, self._spider_args.url)
            self._store.add_urls(
                SITEMAP, sitemap_urls or [urljoin(self._spider_args.url, "/sitemap.xml")], optional=not sitemap_urls
            )
        if LINKS in current:
            self._store.add_urls(PAGE, self._start_urls, linked=True)
        if current == PRODUCTS:
            self._store.add_urls(PAGE, self._product_pages())
        self._store.commit()

    def _add_feed_urls(self) -> None:
        feed_arg = self._spider_args.shop.feed
        if feed_arg and not _is_http_url(feed_arg):
            self._store.add_urls(FEED, [Path(feed_arg).name])
        elif feed_arg:
            self._store.add_urls(FEED, [platform_apis.first_page_url(feed_arg)])
        elif platform_apis.is_feed_url(self._spider_args.url):
            # The URL may be a sitemap instead.
            strategy = self._spider_args.shop.strategy
            self._store.add_urls(
                FEED, [platform_apis.first_page_url(self._spider_args.url)], optional=strategy == "auto"
            )
        else:
            self._store.add_urls(FEED, platform_apis.api_candidates(self._spider_args.url), optional=True)

    def _read_feed_file(self, path: Path) -> Iterator[CrawlItem]:
        shop = self._spider_args.shop
        for row, _ in self._store.select_todo(FEED, 1, ()):
            yield from reader.read_feed(path, self._spider_args.url, shop.name, row, shop.max_products)

    def _product_pages(self) -> list[str]:
        """Return the page URLs of `product_urls`: comma-separated URLs, or a file with one per line."""
        products_arg = self._spider_args.shop.product_urls
        if _is_http_url(products_arg):
            lines: Sequence[str] = products_arg.split(",")
        else:
            lines = reader.read_url_list(Path(products_arg))
        found = (urls.absolute_url(self._spider_args.url, line.strip()) for line in lines if line.strip())
        return [urls.canonicalize(url) for url in found if url]


def _is_http_url(text: str) -> bool:
    return urlsplit(text.strip()).scheme in ("http", "https")
