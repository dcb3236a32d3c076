"""Downloader middleware for robots.txt that forbids every request while the server cannot answer for robots.txt."""

from typing import Any
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.robotstxt import ProtegoRobotParser, RobotParser

from crawler.exceptions import (
    CrawlDelayTooLongError,
    NoContactError,
    PrivateAddressError,
    RequestRefusedError,
    RobotsDisallowedError,
    RobotsUnavailableError,
)
from crawler.extensions.throttle import Throttle

TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500
MAX_ROBOTS_TXT_BYTES = 512 * 1024
"""Only this much of a robots.txt is read; RFC 9309, 2.5 asks for at least 500 KiB."""
MAX_CRAWL_DELAY_SECONDS = 120.0
"""With a longer delay, a crawl would take months, so the shop is not crawled."""


def is_unreachable(status: int) -> bool:
    """Return whether this status of robots.txt forbids every request for now (RFC 9309, 2.3.1.4)."""
    return status == TOO_MANY_REQUESTS or status >= SERVER_ERROR


class DenyAllRobotParser(RobotParser):
    """Rules that forbid every URL, for a robots.txt that cannot be read or has too long a delay."""

    def __init__(self, refusal: type[RequestRefusedError]) -> None:
        self.refusal = refusal

    @classmethod
    def from_crawler(cls, crawler: Any, robotstxt_body: bytes) -> "DenyAllRobotParser":  # noqa: ARG003
        """Create the rules of an unreadable robots.txt; Scrapy calls this."""
        return cls(RobotsUnavailableError)

    def allowed(self, url: str | bytes, user_agent: str | bytes) -> bool:  # noqa: ARG002
        """Return False."""
        return False


class RobotsMiddleware(RobotsTxtMiddleware):
    """Scrapy's middleware with the strict rules of RFC 9309."""

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Refuse a forbidden URL, and every URL of a host whose robots.txt cannot be read."""
        if isinstance(rp, DenyAllRobotParser):
            raise rp.refusal
        try:
            super().process_request_2(rp, request)
        except IgnoreRequest as error:
            raise RobotsDisallowedError from error

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """Return the rules of the request's host; robots.txt is requested once, and waiting requests get the result."""
        await super().robot_parser(request)
        rules = self._parsers[urlsplit(request.url).netloc]
        assert rules is None or isinstance(rules, RobotParser)
        return rules

    def process_response(self, request: Request, response: Response) -> Response:
        """Truncate a robots.txt that is too long."""
        if request.meta.get("dont_obey_robotstxt") and len(response.body) > MAX_ROBOTS_TXT_BYTES:
            return response.replace(body=response.body[:MAX_ROBOTS_TXT_BYTES].rpartition(b"\n")[0])
        return response

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if is_unreachable(response.status):
            self._robots_error(IgnoreRequest(), netloc)
            return
        if response.status >= 400:
            # There is no robots.txt; the error page must not be parsed as rules.
            response = response.replace(body=b"")
        await super()._parse_robots(response, netloc, request)
        rules = self._parsers[netloc]
        if isinstance(rules, ProtegoRobotParser):
            delay = float(rules.rp.crawl_delay(str(self._robotstxt_useragent)) or 0.0)
            if not delay <= MAX_CRAWL_DELAY_SECONDS:
                self._parsers[netloc] = DenyAllRobotParser(CrawlDelayTooLongError)
            elif (throttle := self.crawler.get_extension(Throttle)) is not None:
                throttle.set_crawl_delay(urlsplit(request.url).hostname or "", delay)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        super()._robots_error(exc, netloc)
        # If robots.txt must not be requested either, that is the reason.
        self._parsers[netloc] = DenyAllRobotParser(
            type(exc) if isinstance(exc, NoContactError | PrivateAddressError) else RobotsUnavailableError
        )
