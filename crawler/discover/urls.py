"""Canonical URLs: without tracking parameters, session and fragment, so that one page has one URL."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, unquote_to_bytes, urlencode, urljoin, urlsplit, urlunsplit

import idna

# fmt: off
_CLICK_IDS = frozenset(
    {"gclid", "gclsrc", "dclid", "fbclid", "msclkid", "yclid", "twclid", "ttclid", "srsltid", "mc_cid", "mc_eid"}
)
"""Query parameters that an advertisement or a mail sets, in any shop."""
TRACKING_PARAMS = _CLICK_IDS | {
    "src", "pos", "ref", "ref_", "referrer", "igshid", "wbraid", "gbraid", "sid", "sessionid", "session_id",
    "phpsessid", "jsessionid", "_ga", "_gl", "_hsenc", "_hsmi", "cmpid", "campaign", "affid", "aff_id", "clickid",
    "trk", "spm", "scm", "pvid",
}
# fmt: on
"""Query parameters that describe the visitor in most shops, not the page."""
_CAMPAIGN_PREFIXES = ("utm_", "mtm_", "pk_", "hsa_")
_TRACKING_PREFIXES = (*_CAMPAIGN_PREFIXES, "_pos", "_sid", "_psq", "_ss")
_SESSION_PARAM = re.compile(
    r"^(?:php|j|asp|aspx|cf|zen|osc|cgi|w)?-?_?sess(?:ion)?[_-]?(?:id)?$"
    r"|^(?:zenid|oscsid|cftoken|cfid|xsid|sessid|session|csrf_?token|form_key|___sid|asp\.net_sessionid)$"
)
"""Names of query parameters that hold a session id."""
_PRODUCT_ID_PARAM = re.compile(r"(?:^|_)(?:p?id|sku|product(?:_?id)?|item(?:_?id)?|article|art|prod)$", re.IGNORECASE)
_SESSION_IN_PATH = re.compile(r";(?:jsessionid|phpsessid|sid|sessionid)=[^/?#;]*|(?<=/)\(S\([^)]*\)\)/", re.IGNORECASE)
_IGNORED_EXTENSIONS = (
    *(".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".svg", ".ico", ".css", ".js", ".pdf", ".zip"),
    *(".mp4", ".webm", ".xml", ".json", ".txt", ".woff", ".woff2", ".gz"),
)
URL_CACHE_SIZE = 8192
"""Number of URLs in each cache: the pages of a shop repeat the same links, and splitting a URL is slow."""
_TRIPLETS = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_SAFE_CHARS = "%/:=&?~#+!$,;'@()*[]"
_DEFAULT_PORTS = {"http": 80, "https": 443}


@lru_cache(URL_CACHE_SIZE)
def canonicalize(url: str, identifying_params: frozenset[str] = frozenset()) -> str:
    """Return `url` without tracking parameters, session, fragment and default port; scheme and host in lower case.

    Args:
        url: Any http(s) URL.
        identifying_params: Names of query parameters that tell the pages of this shop apart, so that they are kept
            although they look like tracking parameters, see `crawler.discover.identifying_params`.

    The host is in its ASCII form (IDNA). Percent-encoding is normalised by RFC 3986, section 6.2.2, and characters
    outside ASCII are in Unicode's composed form (NFC), so that the spellings of one address are equal.
    """
    parts = urlsplit(url.strip())
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name in identifying_params or not _is_tracking(name)]
    query = parts.query if len(kept) == len(pairs) else urlencode(kept)
    path = _normalize_encoding(_SESSION_IN_PATH.sub("", parts.path) or "/")
    return urlunsplit((parts.scheme.lower(), ascii_netloc(parts), path, _normalize_encoding(query), ""))


def absolute_url(base: str, href: str) -> str | None:
    """Resolve `href` against `base`; None if the result is not an http(s) URL (mailto:, data:, broken)."""
    href = href.strip()
    # Most links have this form, and joining it by hand is faster than urljoin.
    if href.startswith("/") and not href.startswith("//") and "/." not in href:
        return _http_url_or_none(_origin(base) + href)
    try:
        return _http_url_or_none(urljoin(base, href))
    except ValueError:
        return None


def is_same_site(url: str, other: str) -> bool:
    """Return whether both URLs have the same host, with or without `www.`, and the same port."""
    return _site(url) == _site(other)


def path_suffixes(url: str) -> Iterator[str]:
    """Yield `url` without the first segment of its path, without the first two ...: "/women/p/1", "/p/1", "/1"."""
    parts = urlsplit(url)
    _, _, path = parts.path.lstrip("/").partition("/")
    while path:
        yield parts._replace(path=f"/{path}").geturl()
        _, _, path = path.partition("/")


def has_ignored_extension(url: str) -> bool:
    """Return whether `url` is that of an image, script or document, not of a page."""
    return urlsplit(url).path.lower().endswith(_IGNORED_EXTENSIONS)


def query_params(url: str) -> frozenset[str]:
    """Return the names of the query parameters of `url`."""
    return frozenset(name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True))


def is_visitor_param(name: str) -> bool:
    """Return whether a parameter is set by an advertisement or a session, so that it never identifies a page."""
    name = name.lower()
    return name in _CLICK_IDS or name.startswith(_CAMPAIGN_PREFIXES) or bool(_SESSION_PARAM.search(name))


def is_product_id_param(name: str) -> bool:
    """Return whether a query parameter of this name usually holds the id of a product: "product_id", "sku"."""
    return _PRODUCT_ID_PARAM.search(name) is not None


def _is_tracking(name: str) -> bool:
    name = name.lower()
    return name in TRACKING_PARAMS or name.startswith(_TRACKING_PREFIXES) or bool(_SESSION_PARAM.search(name))


def _normalize_encoding(text: str) -> str:
    """Return a path or a query with percent-encoding in its normal form."""
    if "%" not in text and text.isascii():
        return quote(text, safe=_SAFE_CHARS)
    return quote(unicodedata.normalize("NFC", _TRIPLETS.sub(_decode_triplets, text)), safe=_SAFE_CHARS)


def _decode_triplets(match: re.Match[str]) -> str:
    """Decode the unreserved characters and those outside ASCII; reserved characters stay encoded, in upper case."""
    try:
        characters = unquote_to_bytes(match[0]).decode("utf-8")
    except UnicodeDecodeError:
        return match[0].upper()
    return "".join(c if _UNRESERVED.match(c) or not c.isascii() else quote(c, safe="") for c in characters)


@lru_cache(URL_CACHE_SIZE)
def ascii_host(host: str) -> str:
    """Return a host name in lower case and in its ASCII form: "müller.example" gives "xn--mller-kva.example"."""
    lower = host.lower().rstrip(".")
    if lower.isascii():
        return lower
    try:
        return idna.encode(lower, uts46=True).decode("ascii")
    except idna.IDNAError:
        return lower


def ascii_netloc(parts: SplitResult) -> str:
    """Return the host of a URL in its ASCII form, with the port unless it is the default one."""
    host = ascii_host(parts.hostname or "")
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    return host if port is None or port == _DEFAULT_PORTS.get(parts.scheme.lower()) else f"{host}:{port}"


@lru_cache(URL_CACHE_SIZE)
def _http_url_or_none(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        is_http = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        return None
    return url if is_http else None


@lru_cache(URL_CACHE_SIZE)
def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@lru_cache(URL_CACHE_SIZE)
def _site(url: str) -> str:
    return ascii_netloc(urlsplit(url)).removeprefix("www.")
