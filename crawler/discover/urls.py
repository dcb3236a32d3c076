"""URLs in their clean form: no tracking parameters, no fragment, so that one page has one URL."""

from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

# fmt: off
TRACKING = frozenset(
    {
        "src", "pos", "ref", "ref_", "referrer", "gclid", "gclsrc", "dclid", "fbclid", "msclkid", "yclid", "twclid",
        "ttclid", "igshid", "wbraid", "gbraid", "mc_cid", "mc_eid", "sid", "sessionid", "session_id", "phpsessid",
        "jsessionid", "_ga", "_gl", "_hsenc", "_hsmi", "cmpid", "campaign", "affid", "aff_id", "clickid", "trk",
        "srsltid", "spm", "scm", "pvid",
    }
)
# fmt: on
"""Parameters that say where a visitor came from, never which page it is."""

# fmt: off
FACETS = frozenset(
    {
        "sort", "sort_by", "sortby", "order", "orderby", "order_by", "dir", "direction", "filter", "filters",
        "facet", "facets", "color", "colour", "size", "price", "min_price", "max_price", "price_min", "price_max",
        "brand", "limit", "per_page", "perpage", "pagesize", "page_size", "view", "mode", "layout", "display",
        "product_list_order", "product_list_dir", "product_list_mode", "product_list_limit", "q", "query", "search",
        "s", "add", "add-to-cart", "compare", "rating", "availability", "in_stock", "currency", "lang",
    }
)
# fmt: on
"""Parameters that show the same products in another order or part: endless combinations of nothing new."""

_TRACKING_PREFIXES = ("utm_", "mtm_", "pk_", "hsa_", "_pos", "_sid", "_psq", "_ss")
_FILES = (
    *(".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".svg", ".ico", ".css", ".js", ".pdf", ".zip"),
    *(".mp4", ".webm", ".xml", ".json", ".txt", ".woff", ".woff2", ".gz"),
)
_SAFE = "%/:=&?~#+!$,;'@()*[]"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def clean(url: str) -> str:
    """`url` without tracking parameters, fragment and default port; scheme and host in lower case."""
    parts = urlsplit(url.strip())
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if not _is_tracking(name)]
    query = parts.query if len(kept) == len(pairs) else urlencode(kept)
    path = quote(parts.path or "/", safe=_SAFE)
    return urlunsplit((parts.scheme.lower(), _host(parts), path, quote(query, safe=_SAFE), ""))


def absolute(base: str, href: str) -> str | None:
    """The http(s) URL that `href` means on a page at `base`, or None for anything else (mailto:, data:, broken)."""
    try:
        url = urljoin(base, href.strip())
        parts = urlsplit(url)
        wanted = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        return None
    return url if wanted else None


def same_site(url: str, other: str) -> bool:
    """Both on one host, `www.` or not, and on one port."""
    return _site(url) == _site(other)


def shorter(url: str) -> Iterator[str]:
    """`url` without the first step of its path, the first two, and so on: "/women/p/1" gives "/p/1", then "/1"."""
    parts = urlsplit(url)
    _, _, path = parts.path.lstrip("/").partition("/")
    while path:
        yield parts._replace(path=f"/{path}").geturl()
        _, _, path = path.partition("/")


def is_trap(url: str) -> bool:
    """A sorted, filtered or searched view of a listing, or a file that is no page."""
    parts = urlsplit(url)
    names = {name.lower().partition("[")[0] for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    return bool(names & FACETS) or parts.path.lower().endswith(_FILES)


def _is_tracking(name: str) -> bool:
    name = name.lower()
    return name in TRACKING or name.startswith(_TRACKING_PREFIXES)


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    return host if port is None or port == _DEFAULT_PORTS.get(parts.scheme.lower()) else f"{host}:{port}"


def _site(url: str) -> str:
    return _host(urlsplit(url)).removeprefix("www.")
