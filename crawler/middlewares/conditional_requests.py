"""Downloader middleware for conditional requests: a shop answers HTTP 304 if a URL has not changed since last time."""

from http import HTTPStatus
from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Request

from crawler.items import PAGE
from crawler.session import CrawlSession, find_session

_CONDITIONAL_HEADERS = ("If-None-Match", "If-Modified-Since")


class ConditionalRequestMiddleware:
    """Send the validators (ETag, Last-Modified) of the previous crawl to the same URL."""

    def __init__(self, session: CrawlSession) -> None:
        self._session = session

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware; Scrapy calls this.

        Raises:
            NotConfigured: The crawler has no session, so there is no previous crawl.
        """
        session = find_session(crawler)
        if session is None:
            raise NotConfigured
        return cls(session)

    def process_request(self, request: Request) -> None:
        """Add the validators to a first request and remove them from a redirect, which leads to another URL."""
        if "row" not in request.meta:
            return
        for name in _CONDITIONAL_HEADERS:
            request.headers.pop(name, None)
        request.meta.pop("handle_httpstatus_list", None)
        # The data that a script fills in changes without the page that loads it.
        is_rendered = self._session.args.shop.render and request.meta["kind"] == PAGE
        if is_rendered or request.meta.get("redirect_times"):
            return
        if validators := self._session.store.previous_crawl.validators(request.meta["kind"], request.url):
            request.headers.update(validators)
            # The spider receives HTTP 304 as a response instead of a failure.
            request.meta["handle_httpstatus_list"] = [HTTPStatus.NOT_MODIFIED]
