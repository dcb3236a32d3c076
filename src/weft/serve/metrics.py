"""The metrics of the server, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10)


class ServerMetrics:
    """Counts and durations of requests by route; a request that no route has counts as "unmatched"."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("weft_requests", "Requests.", labels, registry=self._registry)
        self.seconds = Histogram(
            "weft_request_seconds", "Duration of requests.", ("route",), buckets=_BUCKETS, registry=self._registry
        )
        self.in_flight = Gauge("weft_requests_in_flight", "Requests being answered.", registry=self._registry)
        self.photos = Gauge("weft_catalogue_photos", "Photos in the index.", registry=self._registry)

    def render(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self._registry)
