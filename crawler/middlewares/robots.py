"""robots.txt: as Scrapy reads it, but a server that cannot answer for it means "not now", never "all is allowed"."""

from typing import Any

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.robotstxt import RobotParser

TOO_MANY = 429
SERVER_ERROR = 500


def is_not_now(status: int) -> bool:
    """Whether an answer of this status to robots.txt forbids every request for now (RFC 9309, 2.3.1.4)."""
    return status == TOO_MANY or status >= SERVER_ERROR


class Forbidden(IgnoreRequest):
    """robots.txt does not allow the URL."""


class Unreadable(IgnoreRequest):
    """The host's robots.txt cannot be had, so nothing is asked of it."""


class _NotNow(RobotParser):
    """What stands for a robots.txt that could not be read."""

    @classmethod
    def from_crawler(cls, crawler: Any, robotstxt_body: bytes) -> "_NotNow":  # noqa: ARG003
        return cls()

    def allowed(self, url: str | bytes, user_agent: str | bytes) -> bool:  # noqa: ARG002
        return False


class RobotsMiddleware(RobotsTxtMiddleware):
    """Scrapy's own, strict where it is lenient."""

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Refuse what is forbidden, and everything on a host whose robots.txt cannot be read."""
        if isinstance(rp, _NotNow):
            raise Unreadable("robots.txt cannot be read")
        try:
            super().process_request_2(rp, request)
        except IgnoreRequest as error:
            raise Forbidden("disallowed by robots.txt") from error

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if is_not_now(response.status):
            self._robots_error(IgnoreRequest(), netloc)
            return
        if response.status >= 400:
            # There is none: a page that says so is no list of rules.
            response = response.replace(body=b"")
        await super()._parse_robots(response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        super()._robots_error(exc, netloc)
        self._parsers[netloc] = _NotNow()
