"""Evidence: how the shop served what was asked, as it is kept beside each photo and page."""

from datetime import UTC, datetime

from scrapy.http import Response

from crawler.outcomes import Served

KEPT = ("content-type", "etag", "last-modified", "x-robots-tag", "tdm-reservation", "tdm-policy", "content-location")
"""What tells whether it has changed, and what the shop says about its use."""
ROBOTS = "robots"
"""Request.meta key: what robots.txt decided, where it is not that the URL is allowed."""
ALLOWED = "allowed"
_LONGEST = 1_000


def served(response: Response) -> Served:
    """The evidence of one answer; the time is ours, since the shop's clock may be wrong."""
    headers = {}
    for name in KEPT:
        said = b", ".join(response.headers.getlist(name)).decode("latin-1").strip()
        if said:
            headers[name] = said[:_LONGEST]
    return Served(
        url=response.url,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        robots=response.meta.get(ROBOTS, ALLOWED),
        headers=headers,
    )
