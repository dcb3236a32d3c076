"""One JSON line on standard error for each request and each event, with the id of the request."""

import json
import logging
import re
import sys
import time
import uuid

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from weft.serve.errors import UNEXPECTED_ERROR, send_error
from weft.serve.metrics import ServerMetrics

_LOGGER = logging.getLogger("weft.serve")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class _JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object; a record's `fields` are added to it."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure_logging() -> None:
    """Send the log of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def log_event(message: str, **fields: object) -> None:
    """Log an event of the server."""
    _LOGGER.info(message, extra={"fields": fields})


class RequestLog:
    """ASGI middleware: gives each request an id, logs it, counts it, and turns an unexpected error into status 500.

    The log has the path but no query string, no words and no photo: what people search for is not recorded.
    """

    def __init__(self, app: ASGIApp, metrics: ServerMetrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _read_request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            await send(message)

        started = time.perf_counter()
        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            _LOGGER.exception("unexpected error", extra={"fields": {"request_id": request_id}})
            if not status:
                await send_error(scope, send_with_id, 500, UNEXPECTED_ERROR)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.in_flight.dec()
            route = getattr(scope.get("route"), "path", "unmatched")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(seconds)
            client = (scope.get("client") or ("", 0))[0]
            fields = {"method": method, "path": scope["path"], "status": status, "client": client}
            log_event("request", request_id=request_id, milliseconds=round(1000 * seconds, 1), **fields)


def _read_request_id(scope: Scope) -> str:
    """Return the id that a proxy gave the request, if it is a plain one, else a new one."""
    given = dict(scope["headers"]).get(b"x-request-id", b"")
    return given.decode() if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
