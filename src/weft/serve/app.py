"""The application: routes, the page and the middleware around them."""

import time
from collections.abc import Callable
from importlib import metadata

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp

from weft.serve.access import AccessControl
from weft.serve.api_routes import make_api
from weft.serve.audit_routes import AuditPage, make_audit_api, make_audit_page
from weft.serve.catalogue import ServedCatalogue
from weft.serve.errors import add_error_handlers
from weft.serve.metrics import ServerMetrics
from weft.serve.page_routes import make_page
from weft.serve.page_templates import make_environment
from weft.serve.request_limits import RequestLimits
from weft.serve.request_log import RequestLog
from weft.serve.settings import ServerSettings


def create_app(
    catalogue: ServedCatalogue,
    settings: ServerSettings,
    clock: Callable[[], float] = time.monotonic,
    audit: AuditPage | None = None,
) -> ASGIApp:
    """Return the ASGI application.

    Args:
        catalogue: What it searches.
        settings: Its token and limits.
        clock: The seconds by which the rate is limited.
        audit: The cases that people judge; without it there is no audit page.
    """
    metrics = ServerMetrics()
    metrics.photos.set_function(lambda: len(catalogue.search_index.photo_ids))
    # FastAPI's own pages of documentation load scripts from another host; /docs is a page of this server.
    app = FastAPI(title="Weft", version=metadata.version("weft"), docs_url=None, redoc_url=None)
    app.include_router(make_api(catalogue, metrics))
    environment = make_environment()
    page = make_page(catalogue, settings, environment, app.openapi, audit is not None)
    app.include_router(page, include_in_schema=False)
    if audit is not None:
        app.include_router(make_audit_api(audit))
        app.include_router(make_audit_page(audit, environment), include_in_schema=False)
    add_error_handlers(app)
    limited: ASGIApp = RequestLimits(AccessControl(app, settings.token), settings.limits, clock)
    if settings.is_loopback:
        # A page of another site could reach a server without a token by a host name that it points to loopback.
        limited = TrustedHostMiddleware(limited, allowed_hosts=["localhost", "127.0.0.1", "[::1]", settings.host])
    return RequestLog(limited, metrics)
