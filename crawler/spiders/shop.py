"""shop: crawls one shop of any kind, from its sitemaps and its listings, into a store."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin

from protego import Protego
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response, TextResponse
from twisted.python.failure import Failure

from crawler import manners, reasons
from crawler.discover import links, sitemap, urls
from crawler.extract import document, merge, sniff
from crawler.middlewares.robots import is_not_now
from crawler.outcomes import PAGE, PHOTO, SITEMAP, Failed, ListingRead, Outcome, PhotoRead, ProductRead, SitemapRead
from crawler.scheduler import FrontierScheduler
from crawler.states import state_path
from crawler.store import Store
from weft.errors import ShopError
from weft.params import Shop

BY_HAND = Path("var/crawl")
PARENT_SECONDS = 1.0


class ShopSpider(Spider):
    """One shop, one crawl; started again it goes on where it stopped.

    Args:
        name: Our name for the shop; product ids begin with it.
        url: Where it begins.
        state: The SQLite file of this crawl; by hand, one in var/crawl named after the shop and the arguments.
        max_products: Stop after this many; 0 takes all. Pages that sitemaps name count first, and where these are
            enough no listing is asked.
        delay, private_delay, concurrency, at, allow_private, contact: See `crawler.manners.settle`.
        parent: Process that started this one: the crawl ends when that is gone.
    """

    name = "shop"

    def __init__(
        self, name: str, url: str, state: str = "", max_products: str = "0", parent: str = "0", **arguments: Any
    ) -> None:
        # Checked as params.yaml is: a name is the first part of every product id.
        shop = Shop(name=name, url=url, max_products=int(max_products))
        super().__init__(shop.name, **arguments)
        self.start_url = urls.clean(shop.url)
        self.max_products = shop.max_products
        self.store = Store(Path(state) if state else state_path(BY_HAND, name, url, self.max_products))
        self.is_ready = False
        """robots.txt is read and the frontier planted."""
        self._rules = Protego.parse("")
        self.fault = ""
        self._parent = int(parent)
        self._watching: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Settle what the arguments say about manners, then make the spider."""
        if not {"name", "url"} <= kwargs.keys():
            raise ShopError("scrapy crawl shop: wanted -a name=<our name for it> -a url=<where it begins>")
        manners.settle(crawler.settings, kwargs)
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.idle, signal=signals.spider_idle)
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
        self._begin(response)
        self.is_ready = True
        if self._parent:
            self._watching = asyncio.ensure_future(self._leave_with_parent())

    def fail_robots(self, failure: Failure) -> None:
        """Without its robots.txt a shop cannot be asked now."""
        url = failure.request.url  # type: ignore[attr-defined]
        what_to_do = manners.advice(failure.value) or "try again later"
        self.stop(f"{url}: cannot be had ({reasons.of(failure.value)}); {what_to_do}")

    async def _leave_with_parent(self) -> None:
        while os.getppid() == self._parent:
            await asyncio.sleep(PARENT_SECONDS)
        self.stop("the process that started this crawl is gone; run again to go on")

    def _begin(self, robots: Response) -> None:
        rules = robots.body.decode("utf-8", errors="replace") if robots.status < HTTPStatus.BAD_REQUEST else ""
        self._rules = Protego.parse(rules)
        self.store.note(fault="", shop=str(self.name), start=self.start_url, max_products=str(self.max_products))
        named = [url for line in self._rules.sitemaps if (url := urls.absolute(robots.url, line))]
        if named:
            self.store.plant(SITEMAP, named)
        else:
            self.store.plant(SITEMAP, [urljoin(self.start_url, "/sitemap.xml")], guess=True)
        self.store.plant(PAGE, [self.start_url], linked=True)
        self.store.commit()

    def request(self, kind: str, row: int, url: str) -> Request:
        """The request for one row of the frontier."""
        read = {SITEMAP: self.read_sitemap, PAGE: self.read_page, PHOTO: self.read_photo}[kind]
        return Request(url, callback=read, errback=self.fail, meta={"kind": kind, "row": row}, dont_filter=True)

    def read_sitemap(self, response: Response) -> Iterator[Outcome]:
        """A sitemap: more URLs."""
        row = response.meta["row"]
        try:
            found = sitemap.read(response.body, response.url)
        except ValueError:
            yield Failed(row=row, reason=reasons.NOT_A_SITEMAP, tries=_tries(response.meta))
            return
        pages = tuple(page for page in found.pages if urls.same_site(page, self.start_url))
        yield SitemapRead(row=row, sitemaps=found.sitemaps, pages=pages)

    def read_page(self, response: Response) -> Iterator[Outcome]:
        """A page: a product, or else a listing whose links are followed."""
        row = response.meta["row"]
        if not isinstance(response, TextResponse):
            yield ListingRead(row=row, url=response.url, trail="", label="", links=())
            return
        try:
            page = document.parse(response.text, response.url)
            found = merge.merge(page)
        except Exception:  # one page that nobody foresaw must not end the crawl
            self.logger.exception("%s cannot be read", response.url)
            yield Failed(row=row, reason=reasons.UNREADABLE_PAGE, tries=_tries(response.meta))
            return
        if found is not None:
            yield ProductRead(row=row, product=found.product(self.name))
            return
        yield ListingRead(
            row=row,
            url=page.url,
            trail=links.trail(page),
            label=links.label(page),
            links=tuple(link for link in links.of(page) if self._rules.can_fetch(link.url, self._agent)),
        )

    def read_photo(self, response: Response) -> Iterator[Outcome]:
        """A photo: its bytes as they are."""
        row = response.meta["row"]
        if sniff.is_photo(response.body):
            yield PhotoRead(row=row, body=response.body)
        else:
            yield Failed(row=row, reason=reasons.NOT_A_PHOTO, tries=_tries(response.meta))

    def fail(self, failure: Failure) -> Iterator[Outcome]:
        """No answer, or none that helps, after all retries."""
        meta = failure.request.meta  # type: ignore[attr-defined]
        yield Failed(row=meta["row"], reason=reasons.of(failure.value), tries=_tries(meta))

    def settled(self, outcome: Outcome) -> None:
        """Let the scheduler forget a row whose outcome is kept."""
        self._scheduler.settle(outcome.row)

    def has_enough(self) -> bool:
        """Whether the limit on products is reached."""
        return 0 < self.max_products <= self.store.products

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
        if self._watching is not None:
            self._watching.cancel()
        try:
            if self.fault:
                self.store.note(fault=self.fault)
            elif reason == "finished":
                self.store.note(complete="yes")
            self.store.close()
        except sqlite3.Error:
            self.logger.exception("the end of the crawl could not be noted")
        self.logger.info("%s: %s products so far; python -m crawler.export %s --out FOLDER writes them as tables",
                         self.name, self.store.products, self.store.path)  # fmt: skip

    @property
    def _scheduler(self) -> FrontierScheduler:
        assert self.crawler.engine is not None
        scheduler = self.crawler.engine.scheduler
        assert isinstance(scheduler, FrontierScheduler)
        return scheduler

    @property
    def _agent(self) -> str:
        return str(self.settings["ROBOTSTXT_USER_AGENT"])


def _tries(meta: dict[str, Any]) -> int:
    return int(meta.get("retry_times", 0)) + 1
