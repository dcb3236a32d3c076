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

from crawler.connect.networks import Network, network_of
from crawler.overrides import load_override

if TYPE_CHECKING:
    from scrapy.core.downloader import Downloader
    from scrapy.crawler import Crawler

PRIVATE_DELAY = "WEFT_PRIVATE_DELAY"
"""Setting: seconds between two requests to a host at a private address; None for no difference."""
FIRST_STEP = 0.02
"""Seconds of delay that a host without any gets when it says that it is busy ..."""
LAST_STEP = 1.0
"""... and the most that it gets; hosts with a delay get more, up to AUTOTHROTTLE_MAX_DELAY."""
NEGLIGIBLE = 0.005
"""Seconds; a delay that has shrunk to this is gone."""


class Pace:
    """The pace of every host, set in Scrapy's download slots.

    Each starts with the delay for strangers, and with its robots.txt, which is asked before anything else. An answer
    from a private address brings in the delay for those.
    """

    def __init__(self, crawler: "Crawler") -> None:
        self._crawler = crawler
        self._for_strangers = crawler.settings.getfloat("DOWNLOAD_DELAY")
        own = crawler.settings.get(PRIVATE_DELAY)
        self._for_own = self._for_strangers if own is None else float(own)
        self._longest = crawler.settings.getfloat("AUTOTHROTTLE_MAX_DELAY")
        self._asked: dict[str, float] = {}
        """By host, the longer of its Crawl-delay and what shops/<host>.yaml says."""
        self._own: set[str] = set()
        """Hosts at private addresses."""
        self._slowed_until: dict[str, float] = {}
        """By host, the monotonic time until which all was sent before it was last slowed down."""

    @classmethod
    def from_crawler(cls, crawler: "Crawler") -> Self:
        """Scrapy's way to make one."""
        pace = cls(crawler)
        crawler.signals.connect(pace.answered, signal=signals.response_downloaded)
        return pace

    def least(self, host: str) -> float:
        """Seconds between two requests to `host` when it is not busy."""
        return max(self._for_own if host in self._own else self._for_strangers, self._asked.get(host, 0.0))

    def answered(self, response: Response, request: Request) -> None:
        """Learn from an answer where its host lies and how long it takes."""
        host = request.meta.get("download_slot", "")
        slot = self._downloader.slots.get(host)
        if slot is None:
            return
        if host not in self._asked:
            self._asked[host] = _overridden(host)
            slot.delay = max(slot.delay, self._from_now_on(host)["delay"])
        if host not in self._own and response.ip_address and network_of(str(response.ip_address)) is not Network.PUBLIC:
            self._own.add(host)
            slot.delay = self._from_now_on(host)["delay"]
            _wait_anew(self._downloader, slot)
        if response.status == 200:
            slot.delay = eased(slot.delay, self.least(host), request.meta.get("download_latency", 0.0), self._longest)

    def obey(self, host: str, crawl_delay: float) -> None:
        """Ask `host` one thing at a time, this many seconds apart at least; its robots.txt says so."""
        if crawl_delay <= 0:
            return
        self._asked[host] = max(crawl_delay, _overridden(host))
        least = self._from_now_on(host) | {"concurrency": 1}
        self._downloader.per_slot_settings[host] = least
        if slot := self._downloader.slots.get(host):
            slot.delay, slot.concurrency = max(slot.delay, least["delay"]), 1

    def slow_down(self, host: str, pause: float) -> None:
        """Ask `host` nothing for `pause` seconds, and half as often as before from then on, until it recovers.

        Answers to what was sent before do not count twice: sixteen at once would bring it to a standstill.
        """
        slot = self._downloader.slots.get(host)
        if slot is None:
            return
        now = monotonic()
        if now >= self._slowed_until.get(host, 0.0):
            most = max(self._longest, self.least(host)) if self.least(host) else LAST_STEP
            slot.delay = min(most, max(2 * slot.delay, FIRST_STEP))
            self._slowed_until[host] = now + pause + slot.delay
        # A slot waits until its delay has passed since it was last used.
        slot.lastseen = max(slot.lastseen, now + pause)
        _wait_anew(self._downloader, slot)

    def _from_now_on(self, host: str) -> dict[str, float]:
        """Let slots of `host` begin at its least delay: Scrapy makes new ones for those that were idle a minute."""
        begins = self._downloader.per_slot_settings.get(host, {}) | {"delay": self.least(host)}
        self._downloader.per_slot_settings[host] = begins
        return begins

    @property
    def _downloader(self) -> "Downloader":
        assert self._crawler.engine is not None
        return self._crawler.engine.downloader


def _overridden(host: str) -> float:
    """Seconds between two requests to `host`, as its file in shops/ has it; 0 without one."""
    override = load_override(host)
    return 1 / override.rate if override and override.rate else 0.0


def eased(delay: float, least: float, latency: float, longest: float) -> float:
    """The delay after a good answer: towards what the host needs, at once where that is more.

    Args:
        delay: So far, in seconds.
        least: What it must not fall below; with 0 the host may be asked as fast as it answers.
        latency: Seconds that the host took to begin its answer.
        longest: What latency alone must not exceed.
    """
    if not least:
        return delay / 2 if delay / 2 > NEGLIGIBLE else 0.0
    return max(least, min(longest, max(latency, (delay + latency) / 2)))


def _wait_anew(downloader: "Downloader", slot: Slot) -> None:
    """Let the wait that is under way follow what was changed."""
    if slot.latercall is not None:
        slot.latercall.cancel()
        slot.latercall = None
    downloader._process_queue(slot)
