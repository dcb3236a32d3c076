"""Who may use the server: everyone on loopback, else who has the token; and the headers that browsers obey."""

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from weft.serve.errors import send_error

COOKIE = "weft_token"
_OPEN_PATHS = frozenset({"/healthz", "/readyz", "/login", "/static/page.css", "/static/icon.svg"})
_PAGES = frozenset({"/", "/audit"})
"""Pages for people, who are sent to /login."""
_SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; img-src 'self' blob:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class AccessControl:
    """ASGI middleware: requires the token as `Authorization: Bearer`, or as the cookie that /login sets."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if is_of_another_site(scope):
            await send_error(scope, send_with_headers, 403, "a page of another site sent this request")
        elif self._token is None or scope["path"] in _OPEN_PATHS or has_token(scope, self._token):
            await self._app(scope, receive, send_with_headers)
        elif scope["path"] in _PAGES:
            await send_with_headers(
                {"type": "http.response.start", "status": 303, "headers": [(b"location", b"/login")]}
            )
            await send_with_headers({"type": "http.response.body", "body": b""})
        else:
            message = "expected the header Authorization: Bearer with the token of this server"
            await send_error(scope, send_with_headers, 401, message, {"www-authenticate": "Bearer"})


def is_of_another_site(scope: Scope) -> bool:
    """Return whether a page of another site makes a browser send a request that may change something.

    Browsers say so in Sec-Fetch-Site or, where the address is neither HTTPS nor loopback, in Origin. Programs send
    neither.
    """
    if scope["method"] in ("GET", "HEAD"):
        return False
    headers = dict(scope["headers"])
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    return origin is not None and origin.partition(b"://")[2] != headers.get(b"host")


def has_token(scope: Scope, token: str) -> bool:
    """Return whether a request has the token."""
    headers = dict(scope["headers"])
    scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer" and is_token(given.strip(), token):
        return True
    try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return False
    return COOKIE in cookies and hmac.compare_digest(cookies[COOKIE].value.encode(), make_cookie(token).encode())


def make_cookie(token: str) -> str:
    """Return the value of the cookie that stands for a token."""
    return hashlib.sha256(f"{COOKIE} {token}".encode()).hexdigest()


def is_token(given: bytes, token: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given, token.encode())
