"""Evidence: how the shop served what was asked, as it is kept beside each photo and page."""

from datetime import UTC, datetime

from scrapy.http import Response

from crawler.outcomes import ResponseInfo

KEPT_HEADERS = (
    "content-type",
    "etag",
    "last-modified",
    "x-robots-tag",
    "tdm-reservation",
    "tdm-policy",
    "content-location",
)
"""What tells whether it has changed, and what the shop says about its use."""
ROBOTS_META_KEY = "robots"
"""Request.meta key: what robots.txt decided, where it is not that the URL is allowed."""
ROBOTS_ALLOWED = "allowed"
_MAX_HEADER_CHARS = 1_000


def response_info(response: Response) -> ResponseInfo:
    """The evidence of one answer; the time is ours, since the shop's clock may be wrong."""
    headers = {}
    for name in KEPT_HEADERS:
        value = b", ".join(response.headers.getlist(name)).decode("latin-1").strip()
        if value:
            headers[name] = value[:_MAX_HEADER_CHARS]
    return ResponseInfo(
        url=response.url,
        fetched_at=datetime.now(UTC).isoformat(timespec="seconds"),
        robots=response.meta.get(ROBOTS_META_KEY, ROBOTS_ALLOWED),
        headers=headers,
    )
