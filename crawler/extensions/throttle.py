"""Scrapy extension that sets the delay of each host: from params.yaml, from robots.txt, and longer while it is busy.

It replaces Scrapy's AutoThrottle and uses its rule for hosts with a delay: the delay is at least the host's latency and
never below the minimum. AutoThrottle itself would overwrite a Crawl-delay, and would slow down private shops, which may
have no delay at all.
"""

from time import monotonic
from typing import TYPE_CHECKING, Self

from scrapy import signals
from scrapy.core.downloader import Slot
from scrapy.http import Request, Response

from crawler.downloader.resolver import Network, classify_network
from crawler.overrides import load_override

if TYPE_CHECKING:
    from scrapy.core.downloader import Downloader
    from scrapy.crawler import Crawler

PRIVATE_DELAY = "WEFT_PRIVATE_DELAY"
"""Setting: the delay in seconds for hosts at private addresses; None for the same as for public hosts."""
INITIAL_BUSY_DELAY_SECONDS = 0.02
"""Delay of a host without a delay when it reports that it is busy ..."""
MAX_BUSY_DELAY_SECONDS = 1.0
"""... and its maximum; for hosts with a delay the maximum is AUTOTHROTTLE_MAX_DELAY."""
NEGLIGIBLE_DELAY_SECONDS = 0.005
"""A delay that has decreased to this becomes 0."""


class Throttle:
    """Set the delay of every host in Scrapy's download slots.

    Each host starts with the delay for public hosts, also for its robots.txt, which is requested first. A response from
    a private address sets the delay for private hosts.
    """

    def __init__(self, crawler: "Crawler") -> None:
        self._crawler = crawler
        self._public_delay = crawler.settings.getfloat("DOWNLOAD_DELAY")
        private_delay = crawler.settings.get(PRIVATE_DELAY)
        self._private_delay = self._public_delay if private_delay is None else float(private_delay)
        self._max_delay = crawler.settings.getfloat("AUTOTHROTTLE_MAX_DELAY")
        self._requested_delays: dict[str, float] = {}
        """By host, the longer of its Crawl-delay and the delay in shops/<host>.yaml."""
        self._private_hosts: set[str] = set()
        """Hosts at private addresses."""
        self._slowed_until: dict[str, float] = {}
        """By host, the monotonic time until which busy responses belong to requests from before it was slowed down."""

    @classmethod
    def from_crawler(cls, crawler: "Crawler") -> Self:
        """Create the extension; Scrapy calls this."""
        throttle = cls(crawler)
        crawler.signals.connect(throttle.on_response, signal=signals.response_downloaded)
        return throttle

    def min_delay(self, host: str) -> float:
        """Return the delay in seconds of `host` when it is not busy."""
        return max(
            self._private_delay if host in self._private_hosts else self._public_delay,
            self._requested_delays.get(host, 0.0),
        )

    def on_response(self, response: Response, request: Request) -> None:
        """Update the delay of a host from the address and the latency of a response."""
        host = request.meta.get("download_slot", "")
        slot = self._downloader.slots.get(host)
        if slot is None:
            return
        if host not in self._requested_delays:
            self._requested_delays[host] = _override_delay(host)
            slot.delay = max(slot.delay, self._set_min_delay(host)["delay"])
        if (
            host not in self._private_hosts
            and response.ip_address
            and classify_network(str(response.ip_address)) is not Network.PUBLIC
        ):
            self._private_hosts.add(host)
            slot.delay = self._set_min_delay(host)["delay"]
            _reschedule_slot(self._downloader, slot)
        if response.status == 200:
            slot.delay = next_delay(
                slot.delay, self.min_delay(host), request.meta.get("download_latency", 0.0), self._max_delay
            )

    def set_crawl_delay(self, host: str, crawl_delay: float) -> None:
        """Send one request at a time to `host`, with at least this delay, as its robots.txt asks."""
        if crawl_delay <= 0:
            return
        self._requested_delays[host] = max(crawl_delay, _override_delay(host))
        slot_settings = self._set_min_delay(host) | {"concurrency": 1}
        self._downloader.per_slot_settings[host] = slot_settings
        if slot := self._downloader.slots.get(host):
            slot.delay, slot.concurrency = max(slot.delay, slot_settings["delay"]), 1

    def slow_down(self, host: str, pause: float) -> None:
        """Send no request to `host` for `pause` seconds and double its delay, until it recovers.

        Responses to requests that were sent before do not count twice: sixteen at once would make the delay too long.
        """
        slot = self._downloader.slots.get(host)
        if slot is None:
            return
        now = monotonic()
        if now >= self._slowed_until.get(host, 0.0):
            max_delay = max(self._max_delay, self.min_delay(host)) if self.min_delay(host) else MAX_BUSY_DELAY_SECONDS
            slot.delay = min(max_delay, max(2 * slot.delay, INITIAL_BUSY_DELAY_SECONDS))
            self._slowed_until[host] = now + pause + slot.delay
        # A slot waits until its delay has passed since it was last used.
        slot.lastseen = max(slot.lastseen, now + pause)
        _reschedule_slot(self._downloader, slot)

    def _set_min_delay(self, host: str) -> dict[str, float]:
        """Set the minimum delay as the initial delay of the host's slot.

        Scrapy deletes slots after a minute without requests, and a new slot must not start with a shorter delay.
        """
        slot_settings = self._downloader.per_slot_settings.get(host, {}) | {"delay": self.min_delay(host)}
        self._downloader.per_slot_settings[host] = slot_settings
        return slot_settings

    @property
    def _downloader(self) -> "Downloader":
        assert self._crawler.engine is not None
        return self._crawler.engine.downloader


def _override_delay(host: str) -> float:
    """Return the delay in shops/<host>.yaml, 0 without such a file."""
    override = load_override(host)
    return 1 / override.rate if override and override.rate else 0.0


def next_delay(delay: float, min_delay: float, latency: float, max_delay: float) -> float:
    """Return the delay after a successful response: it moves towards the latency, or increases to it at once.

    Args:
        delay: The current delay in seconds.
        min_delay: The lower bound; with 0 the delay decreases to 0.
        latency: Seconds until the host began its response.
        max_delay: The upper bound for the influence of the latency.
    """
    if not min_delay:
        return delay / 2 if delay / 2 > NEGLIGIBLE_DELAY_SECONDS else 0.0
    return max(min_delay, min(max_delay, max(latency, (delay + latency) / 2)))


def _reschedule_slot(downloader: "Downloader", slot: Slot) -> None:
    """Restart the timer of a slot with its new delay."""
    if slot.latercall is not None:
        slot.latercall.cancel()
        slot.latercall = None
    downloader._process_queue(slot)
