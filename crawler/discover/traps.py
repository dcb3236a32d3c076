"""Traps: views of what is known already, told by the names in their address; endless ones have a budget instead."""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from crawler.discover import urls


class SkippedUrl(NamedTuple):
    """A page of the shop that is not asked."""

    url: str
    """Clean."""
    reason: str
    """One of the keys of NAMES, "account", "repeats itself", "repeats an earlier page", or "over budget"."""


# fmt: off
TRAP_PARAMS: dict[str, frozenset[str]] = {
    "facet": frozenset({
        "filter", "filters", "filtre", "facet", "facets", "refine", "fq", "color", "colour", "farbe", "couleur",
        "size", "sizes", "groesse", "taille", "price", "preis", "prix", "min_price", "max_price", "price_min",
        "price_max", "pmin", "pmax", "minprice", "maxprice", "price_range", "brand", "brands", "marke", "marque",
        "manufacturer", "material", "rating", "availability", "in_stock", "instock", "on_sale", "discount",
        "limit", "per_page", "perpage", "pagesize", "page_size", "sz", "items_per_page", "show",
    }),
    "sort": frozenset({
        "sort", "sort_by", "sortby", "sorting", "order", "orderby", "order_by", "ordering", "dir", "direction",
        "srule", "tri", "sortierung", "product_list_order", "product_list_dir",
    }),
    "view": frozenset({
        "view", "mode", "layout", "display", "grid", "currency", "lang", "language", "locale", "setlang", "print",
        "variant", "product_list_mode", "product_list_limit",
    }),
    "search": frozenset({"q", "s", "query", "search", "keyword", "keywords", "searchterm", "term"}),
    "calendar": frozenset({
        "date", "day", "week", "month", "year", "calendar", "cal", "from_date", "to_date", "start_date", "end_date",
        "mon", "yr", "monat", "jahr", "annee", "mois",
    }),
    "action": frozenset({
        "add", "add-to-cart", "add_to_cart", "add_to_wishlist", "remove", "remove_item", "compare", "replytocom",
        "share", "action", "do", "return_url", "returnurl", "redirect", "redirect_to", "back",
    }),
}
# fmt: on
"""By reason, the parameters of views that show the same products in another order, part or shape."""

_FACET_PARAM = re.compile(
    r"^(?:filter[._\[]|f\[|pf_|pa_|attribute_pa_|attr[_\[]|facet[._\[]|refine[._\[]|pref[nv]\d|dwvar_)"
)
_ACCOUNT_PATH = re.compile(
    r"/(?:accounts?|customer|my-?account|log-?in|log-?out|sign-?in|sign-?up|register|checkout|cart|basket|wish-?list"
    r"|compare|panier|warenkorb|konto)(?:[/.]|$)",
    re.IGNORECASE,
)
_VIEW_REASONS = frozenset({"facet", "sort", "view"})
_MAX_SEGMENT_REPEATS = 2
MAX_PATH_SEGMENTS = 12
"""Steps of a path; relative links that are written wrongly make it grow without end."""
MAX_URL_LENGTH = 2000
"""Characters of an address."""


@lru_cache(urls.URL_CACHE_SIZE)
def skip_reason(url: str) -> str:
    """Why the page at `url` (clean) is not asked, "" when nothing in its address speaks against it."""
    parts = urlsplit(url)
    reasons = (_param_skip_reason(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    if param_reason := next((reason for reason in reasons if reason), ""):
        return param_reason
    if _ACCOUNT_PATH.search(parts.path):
        return "account"
    segments = [segment for segment in parts.path.split("/") if segment]
    if (
        len(url) > MAX_URL_LENGTH
        or len(segments) > MAX_PATH_SEGMENTS
        or any(segments.count(segment) > _MAX_SEGMENT_REPEATS for segment in set(segments))
    ):
        return "repeats itself"
    return ""


def strip_view_params(url: str, reason: str) -> str:
    """What a view cut for `reason` is a view of: `url` without the parameters of views; "" where that is no page."""
    if reason not in _VIEW_REASONS:
        return ""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = urlencode([(name, value) for name, value in pairs if not _param_skip_reason(name)])
    found = parts._replace(query=kept).geturl()
    return "" if _ACCOUNT_PATH.search(parts.path) else found


def _param_skip_reason(name: str) -> str:
    """The reason why a parameter of this name makes a trap, "" where it makes none."""
    name = name.lower()
    short = name.partition("[")[0]
    reasons = (reason for reason, known in TRAP_PARAMS.items() if short in known)
    return next(reasons, "facet" if _FACET_PARAM.search(name) else "")
