"""shop: crawls one shop of any kind into a store; how it is found is crawler.ways, how it is read crawler.reading."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

from protego import Protego
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler import arguments, manners, reasons
from crawler.discover import urls
from crawler.limits import Limits
from crawler.middlewares.robots import is_not_now
from crawler.outcomes import FEED, PAGE, PHOTO, SITEMAP, Failed, Outcome
from crawler.overrides import Override, load_override
from crawler.reading import Reading, tries
from crawler.scheduler import FrontierScheduler
from crawler.snapshot import Snapshot
from crawler.store import Store
from crawler.ways import Ways
from weft.errors import ShopError

GARBAGE_AFTER = 20_000
"""Objects, net, after which Python looks for cycles: a few megabytes."""
TICK_SECONDS = 1.0
"""Between two looks at the clock and at the parent."""


class ShopSpider(Spider):
    """One shop, one crawl; started again it goes on where it stopped.

    Args:
        name: Our name for the shop; product ids begin with it.
        url: Where it begins.
        state: The SQLite file of this crawl; by hand, one in var/crawl named after the shop and the arguments.
        parent: Process that started this one: the crawl ends when that is gone.
        further: strategy, feed, products, max_products, max_pages, max_photos, max_bytes, max_minutes: see
            `weft.params.Shop`. Pages that sitemaps name count first, and where these are enough no listing is asked.
            snapshot: a higher number is a later crawl, which asks for what has changed since the one before.
            retry_failed: 1 asks only for what failed.
            wall_pages: so many different pages that look alike are a wall and stop the crawl; 0 for no such number.

    What concerns manners (delay, concurrency, at, allow_private, contact ...): see `crawler.manners.settle`.
    """

    name = "shop"
    ways: Ways
    reading: Reading

    def __init__(self, name: str, url: str, state: str = "", parent: str = "0", **further: Any) -> None:
        self.wanted = arguments.wanted(name, url, state, further)
        super().__init__(self.wanted.shop.name)
        self.start_url = self.wanted.url
        self.store = Store(self.wanted.state)
        self.store.begin(self.wanted.shop.name, self.start_url, self.wanted.snapshot)
        if self.wanted.retry_failed:
            self.store.retry_failed()
        self.limits = Limits(self.wanted.shop, self.store)
        self.is_ready = False
        """robots.txt is read and the frontier planted."""
        self.fault = ""
        self._parent = int(parent)
        self._ticking: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Settle what the arguments say about manners, then make the spider."""
        if not {"name", "url"} <= kwargs.keys():
            raise ShopError("scrapy crawl shop: wanted -a name=<our name for it> -a url=<where it begins>")
        manners.settle(crawler.settings, kwargs)
        spider = super().from_crawler(crawler, *args, **kwargs)
        override = load_override(urlsplit(spider.start_url).hostname or "") or Override()
        spider.ways = Ways(
            spider.wanted, spider.store, [urls.clean(url) for url in override.start] or [spider.start_url]
        )
        spider.reading = Reading(spider.wanted, spider.store, override, spider.settings["ROBOTSTXT_USER_AGENT"])
        crawler.signals.connect(spider.idle, signal=signals.spider_idle)
        crawler.signals.connect(spider.received, signal=signals.response_received)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Ask for robots.txt; the scheduler feeds everything else from the frontier that it leads to."""
        yield Request(
            urljoin(self.start_url, "/robots.txt"),
            callback=self.read_robots,
            errback=self.fail_robots,
            # That there is none is an answer too.
            meta={"dont_obey_robotstxt": True, "handle_httpstatus_list": range(400, 600)},
        )

    def read_robots(self, response: Response) -> None:
        """robots.txt: the rules, and the sitemaps that the frontier begins with."""
        if is_not_now(response.status):
            self.stop(f"{response.url}: answered HTTP {response.status}, which means: not now; try again later")
            return
        text = response.body.decode("utf-8", errors="replace") if response.status < HTTPStatus.BAD_REQUEST else ""
        self.reading.rules = Protego.parse(text)
        self.store.note(fault="", max_products=str(self.wanted.shop.max_products))
        named = (urls.absolute(response.url, line) for line in self.reading.rules.sitemaps)
        try:
            self.ways.begin([url for url in named if url])
        except ShopError as error:
            self.stop(str(error))
            return
        # What is here now stays; looking through it again and again would cost a tenth of the crawl.
        gc.freeze()
        gc.set_threshold(GARBAGE_AFTER)
        self.is_ready = True
        self._ticking = asyncio.ensure_future(self._tick())

    def fail_robots(self, failure: Failure) -> None:
        """Without its robots.txt a shop cannot be asked now."""
        url = failure.request.url  # type: ignore[attr-defined]
        what_to_do = manners.advice(failure.value) or "try again later"
        self.stop(f"{url}: cannot be had ({reasons.of(failure.value)}); {what_to_do}")

    async def _tick(self) -> None:
        while not self._parent or os.getppid() == self._parent:
            self.limits.tick()
            await asyncio.sleep(TICK_SECONDS)
        self.stop("the process that started this crawl is gone; run again to go on")

    def request(self, kind: str, row: int, url: str) -> Request:
        """The request for one row of the frontier."""
        reads = {FEED: self.read_feed, SITEMAP: self.read_sitemap, PAGE: self.read_page, PHOTO: self.read_photo}
        return Request(url, callback=reads[kind], errback=self.fail, meta={"kind": kind, "row": row}, dont_filter=True)

    def read_feed(self, response: Response) -> Iterator[Outcome]:
        """Products told whole, and the feed's next page."""
        # Only now: a list that was looked for in vain is no page.
        self.limits.asked(FEED)
        return self.reading.feed(response)

    def read_sitemap(self, response: Response) -> Iterator[Outcome]:
        """A sitemap: more URLs."""
        return self.reading.sitemap(response)

    def read_page(self, response: Response) -> Iterator[Outcome]:
        """A page: a product, or else a listing whose links are followed."""
        return self.reading.page(response, follow=self.ways.follows_links)

    def read_photo(self, response: Response) -> Iterator[Outcome]:
        """A photo: its bytes as they are."""
        return self.reading.photo(response)

    def received(self, response: Response) -> None:
        """Count what has come."""
        self.limits.received(len(response.body))

    def fail(self, failure: Failure) -> Iterator[Outcome]:
        """No answer, or none that helps, after all retries."""
        meta = failure.request.meta  # type: ignore[attr-defined]
        yield Failed(row=meta["row"], reason=reasons.of(failure.value), tries=tries(meta))

    def commit(self) -> None:
        """Commit what was kept; a disk that does not take it ends the crawl."""
        try:
            self.store.commit()
        except ShopError as error:
            self.stop(str(error))

    def settled(self, outcome: Outcome) -> None:
        """Let the scheduler forget a row whose outcome is kept."""
        if outcome.settles:
            self._scheduler.settle(outcome.row)

    def has_enough(self) -> bool:
        """Whether the limit on products is reached."""
        return 0 < self.wanted.shop.max_products <= self.store.products

    def go_on(self) -> bool:
        """Look for products in another way, where there is one; in the end for those that the shop had before."""
        if self.has_enough() or self.limits.reached:
            return False
        return self.ways.go_on() or (self.ways.takes_all and self.store.plant_unseen())

    def idle(self) -> None:
        """Nothing left to ask: a request that Scrapy lost on the way is a failure."""
        for row in self._scheduler.lost():
            self.store.keep(Failed(row=row, reason=reasons.NO_OUTCOME, tries=1))
            self._scheduler.settle(row)

    def stop(self, fault: str) -> None:
        """End the crawl, to be gone on with later, and say why."""
        self.logger.error(fault)
        assert self.crawler.engine is not None
        if self._ending is None:
            self.fault = fault
            self._ending = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason="fault"))

    def closed(self, reason: str) -> None:
        """Note how it ended, and say what was found."""
        if self._ticking is not None:
            self._ticking.cancel()
        try:
            self.limits.note()
            if self.fault:
                self.store.note(fault=self.fault)
            elif reason == "finished":
                self.store.finish()
            self.store.close()
        except ShopError as error:
            self.logger.exception("the end of the crawl could not be noted")
            self.store.abandon(self.fault or str(error))
        self._tell_end()

    def _tell_end(self) -> None:
        try:
            with closing(Snapshot(self.store.path)) as snapshot:
                cut = snapshot.cut()
        except ShopError:
            cut = {}
        for cause, found in cut.items():
            self.logger.info("%s: cut, %s: %s pages such as %s", self.name, cause, found["pages"], found["examples"][0])
        if self.limits.reached:
            self.logger.info("%s: %s is reached; some of the shop was not asked", self.name, self.limits.reached)
        self.logger.info("%s: %s products so far; python -m crawler.export %s --out FOLDER writes them as tables",
                         self.name, self.store.products, self.store.path)  # fmt: skip

    @property
    def _scheduler(self) -> FrontierScheduler:
        assert self.crawler.engine is not None
        scheduler = self.crawler.engine.scheduler
        assert isinstance(scheduler, FrontierScheduler)
        return scheduler
