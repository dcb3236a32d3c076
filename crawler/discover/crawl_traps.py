"""Recognise crawl traps by their URL, and group URLs by the rule that made them.

A trap is a page that shows known products again: a filtered or sorted view, a search, a calendar. URLs without a known
trap parameter are counted by template, so that the crawl can limit the number of pages of one template.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from crawler.discover import urls


class SkippedUrl(NamedTuple):
    """A URL that the crawl does not request."""

    url: str
    """In canonical form."""
    reason: str
    """A key of TRAP_PARAMS, "account", "repeats itself", "repeats an earlier page", "same filters in another
    order" or "over budget"."""


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
"""The query parameters of traps, by reason: they show the same products in another order, selection or layout."""

_FACET_PARAM = re.compile(
    r"^(?:filter[._\[]|f\[|pf_|pa_|attribute_pa_|attr[_\[]|facet[._\[]|refine[._\[]|pref[nv]\d|dwvar_)"
)
_ACCOUNT_PATH = re.compile(
    r"/(?:accounts?|customer|my-?account|log-?in|log-?out|sign-?in|sign-?up|checkout|cart|wish-?list|warenkorb)(?:[/.]|$)"
    # These words also name products, as "basket" is a sneaker and "panier" a bag in French: only an action is a trap.
    r"|/(?:basket|panier|compare|register|konto|cesta|carrello|korb|cesto|kosz|kosik|bag)"
    r"(?:/(?:add|remove|delete|update|save|clear|ajax|submit|login|checkout|ajouter|supprimer)(?:[/.]|$)"
    r"|\.(?:php|aspx?|jsp|do)$)"
    r"|/compare/\d+(?:[,;-]\d+)*/?$",
    re.IGNORECASE,
)
_PAGE_VALUE = re.compile(
    r"(?!.*(?:add|remove|delete|compare))(?:show|view)?[_-]?(?:"
    # Products, in English, German, French, Spanish, Italian, Dutch and Polish.
    r"product|produkt|produit|prodott|article|artikel|art[ií]culo|articolo|artyku|item|detail|d[eé]tail|dettagl|detalle|"
    # Categories, brands and collections.
    r"categor|kategor|cat$|brand|marke$|marque|marca|merk$|marka$|collection|kollektion|colecci|collezion|kolekcj|"
    # For whom: "mode" is fashion in French, German and Dutch.
    r"women|men$|mens$|kids|girls|boys|damen|herren|kinder|femme|homme|enfant|fille|mujer|hombre|ni[nñ][oa]s|donna|uomo|"
    r"bambin|dames|heren|kobiet|m[eę][zż]czy|m[eę]sk|dzieci)",
    re.IGNORECASE,
)
"""Beginnings of values that name a page: "view=productdetails", "mode=femme"; "view=grid" and "do=add" do not."""
_PAGE_PARAMS = frozenset({"view", "mode", "layout", "display", "show", "action", "do"})
"""Parameters of TRAP_PARAMS that select the page itself in some shop software."""
_VIEW_REASONS = frozenset({"facet", "sort", "view"})
_MAX_SEGMENT_REPEATS = 2
MAX_PATH_SEGMENTS = 12
"""Maximum number of path segments; wrong relative links make a path grow without end."""
MAX_URL_LENGTH = 2000
"""Maximum number of characters of a URL."""
KEPT_SEGMENTS = 2
"""Number of leading path segments that are part of a template; the segments after them vary."""
PAGE_PARAMS = frozenset(
    {"p", "page", "pg", "paged", "pagenum", "page_no", "pageno", "pagenumber", "currentpage", "seite"}
)
"""Query parameters with the page number of a listing."""
OFFSET_PARAMS = frozenset({"start", "offset", "from", "skip", "first", "cursor", "after", "page_info"})
"""Query parameters with the position at which a page of a listing starts."""

MIN_UNORDERED_PARTS = 3
"""URLs with fewer segments and parameters are not compared without their order."""
_FILTER_SEPARATOR = re.compile(r"[/+,;]")
_PAGE_NUMBER_IN_PATH = re.compile(r"/(?:page|seite|pagina)[/-](\d+)/?$|/p(?:age)?(\d+)/?$", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_HEX = re.compile(r"[0-9a-f-]{16,}", re.IGNORECASE)


@lru_cache(urls.URL_CACHE_SIZE)
def skip_reason(url: str, identifying_params: frozenset[str] = frozenset()) -> str:
    """Return why the crawl must not request `url` (in canonical form); "" if it may.

    Args:
        url: The URL.
        identifying_params: Names of parameters that tell products apart, so that they make no trap.
    """
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    reasons = (_param_skip_reason(name, value) for name, value in pairs if name not in identifying_params)
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
    """Return the plain page of a view that is skipped for `reason`: its URL without trap parameters.

    Return "" if `reason` is not that of a view, or if the plain URL is an account page.
    """
    if reason not in _VIEW_REASONS:
        return ""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = urlencode([(name, value) for name, value in pairs if not _param_skip_reason(name, value)])
    return "" if _ACCOUNT_PATH.search(parts.path) else parts._replace(query=kept).geturl()


def strip_trap_params(url: str) -> str:
    """Return `url` without all parameters that make a trap; of those that make no view, only with a digit in the value.

    "s=red" is a search, but "s=12" can be the number of a product.
    """
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [
        (name, value)
        for name, value in pairs
        if not (reason := _param_skip_reason(name, value))
        or (reason not in _VIEW_REASONS and not any(map(str.isdigit, value)))
    ]
    return url if len(kept) == len(pairs) else parts._replace(query=urlencode(kept)).geturl()


def _param_skip_reason(name: str, value: str) -> str:
    """Return why a query parameter makes a trap; "" if it does not."""
    name = name.lower()
    short = name.partition("[")[0]
    if short in _PAGE_PARAMS and _PAGE_VALUE.match(value):
        return ""
    reasons = (reason for reason, known in TRAP_PARAMS.items() if short in known)
    return next(reasons, "facet" if _FACET_PARAM.search(name) else "")


def url_template(url: str) -> str:
    """Return the template of `url`: "/c/men/#?size" for "/c/men/black/12?size=m".

    A template has at most KEPT_SEGMENTS leading path segments with "#" for digits, never the last segment. "#" stands
    for the rest of the path if its last segment starts with a digit, else "*". Of the query only the names count.
    """
    parts = urlsplit(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    kept = [_generalise(segment) for segment in segments[:-1][:KEPT_SEGMENTS]]
    varying = ["#" if segments[-1][0].isdigit() else "*"] if segments else []
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    return "/" + "/".join(kept + varying) + (f"?{'&'.join(names)}" if names else "")


def unordered_parts(url: str) -> tuple[str, ...]:
    """Return the parts of a path and its query in an order that is the same however a shop orders its filters.

    "/dresses/red/size-m", "/dresses/size-m/red" and "/dresses/size-m+red" are equal. Numbers keep their order, because
    /2026/11 and /11/2026 differ.

    Returns:
        No parts if the URL has fewer than MIN_UNORDERED_PARTS.
    """
    parts = urlsplit(url)
    words = [word for word in _FILTER_SEPARATOR.split(parts.path) if word]
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if len(words) + len(pairs) < MIN_UNORDERED_PARTS:
        return ()
    numbers = [word for word in words if word.isdigit()]
    # Values of the same name keep their order.
    ordered_pairs = sorted(pairs, key=lambda pair: pair[0])
    return (*sorted(word for word in words if not word.isdigit()), *numbers, *(f"{n}={v}" for n, v in ordered_pairs))


def has_number_or_query(template: str) -> bool:
    """Return whether URLs of `template` differ in a number or a parameter, as calendar days and sessions do."""
    return "#" in template or "?" in template


def listing_url(url: str) -> str:
    """Return the first page of the listing that `url` is a page of: the URL without its page number."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [f"{name}={value}" for name, value in pairs if name.lower() not in PAGE_PARAMS | OFFSET_PARAMS]
    path = _PAGE_NUMBER_IN_PATH.sub("", parts.path) or "/"
    if len(kept) == len(pairs) and path == parts.path:
        return url
    return parts._replace(path=path.rstrip("/") or "/", query="&".join(kept)).geturl()


def _generalise(segment: str) -> str:
    """Return "*" for a session-like hexadecimal segment, else the segment with "#" for each run of digits."""
    if _HEX.fullmatch(segment) and any(letter.isdigit() for letter in segment):
        return "*"
    return _DIGITS.sub("#", segment)
