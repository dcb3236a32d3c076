"""Pace: how fast each host is asked: as params say, as its robots.txt says, and slower while it is busy.

It stands in for Scrapy's AutoThrottle, whose rule it uses for hosts that are asked with a delay: as long between two
requests as the host takes to answer one, never less than was asked for. AutoThrottle itself would undo a Crawl-delay,
and would slow down shops of our own, which may be asked without any delay.
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
"""Setting: seconds between two requests to a host at a private address; None for no difference."""
INITIAL_BUSY_DELAY_SECONDS = 0.02
"""Seconds of delay that a host without any gets when it says that it is busy ..."""
MAX_BUSY_DELAY_SECONDS = 1.0
"""... and the most that it gets; hosts with a delay get more, up to AUTOTHROTTLE_MAX_DELAY."""
NEGLIGIBLE_DELAY_SECONDS = 0.005
"""Seconds; a delay that has shrunk to this is gone."""


class Throttle:
    """The pace of every host, set in Scrapy's download slots.

    Each starts with the delay for strangers, and with its robots.txt, which is asked before anything else. An answer
    from a private address brings in the delay for those.
    """

    def __init__(self, crawler: "Crawler") -> None:
        self._crawler = crawler
        self._public_delay = crawler.settings.getfloat("DOWNLOAD_DELAY")
        private_delay = crawler.settings.get(PRIVATE_DELAY)
        self._private_delay = self._public_delay if private_delay is None else float(private_delay)
        self._max_delay = crawler.settings.getfloat("AUTOTHROTTLE_MAX_DELAY")
        self._requested_delays: dict[str, float] = {}
        """By host, the longer of its Crawl-delay and what shops/<host>.yaml says."""
        self._private_hosts: set[str] = set()
        """Hosts at private addresses."""
        self._slowed_until: dict[str, float] = {}
        """By host, the monotonic time until which all was sent before it was last slowed down."""

    @classmethod
    def from_crawler(cls, crawler: "Crawler") -> Self:
        """Scrapy's way to make one."""
        throttle = cls(crawler)
        crawler.signals.connect(throttle.on_response, signal=signals.response_downloaded)
        return throttle

    def min_delay(self, host: str) -> float:
        """Seconds between two requests to `host` when it is not busy."""
        return max(
            self._private_delay if host in self._private_hosts else self._public_delay,
            self._requested_delays.get(host, 0.0),
        )

    def on_response(self, response: Response, request: Request) -> None:
        """Learn from an answer where its host lies and how long it takes."""
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
        """Ask `host` one thing at a time, this many seconds apart at least; its robots.txt says so."""
        if crawl_delay <= 0:
            return
        self._requested_delays[host] = max(crawl_delay, _override_delay(host))
        slot_settings = self._set_min_delay(host) | {"concurrency": 1}
        self._downloader.per_slot_settings[host] = slot_settings
        if slot := self._downloader.slots.get(host):
            slot.delay, slot.concurrency = max(slot.delay, slot_settings["delay"]), 1

    def slow_down(self, host: str, pause: float) -> None:
        """Ask `host` nothing for `pause` seconds, and half as often as before from then on, until it recovers.

        Answers to what was sent before do not count twice: sixteen at once would bring it to a standstill.
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
        """Let slots of `host` begin at its least delay: Scrapy makes new ones for those that were idle a minute."""
        slot_settings = self._downloader.per_slot_settings.get(host, {}) | {"delay": self.min_delay(host)}
        self._downloader.per_slot_settings[host] = slot_settings
        return slot_settings

    @property
    def _downloader(self) -> "Downloader":
        assert self._crawler.engine is not None
        return self._crawler.engine.downloader


def _override_delay(host: str) -> float:
    """Seconds between two requests to `host`, as its file in shops/ has it; 0 without one."""
    override = load_override(host)
    return 1 / override.rate if override and override.rate else 0.0


def next_delay(delay: float, min_delay: float, latency: float, max_delay: float) -> float:
    """The delay after a good answer: towards what the host needs, at once where that is more.

    Args:
        delay: So far, in seconds.
        least: What it must not fall below; with 0 the host may be asked as fast as it answers.
        latency: Seconds that the host took to begin its answer.
        longest: What latency alone must not exceed.
    """
    if not min_delay:
        return delay / 2 if delay / 2 > NEGLIGIBLE_DELAY_SECONDS else 0.0
    return max(min_delay, min(max_delay, max(latency, (delay + latency) / 2)))


def _reschedule_slot(downloader: "Downloader", slot: Slot) -> None:
    """Let the wait that is under way follow what was changed."""
    if slot.latercall is not None:
        slot.latercall.cancel()
        slot.latercall = None
    downloader._process_queue(slot)
