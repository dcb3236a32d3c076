"""Addresses of pictures: which two are sizes of one photo, and which of them is larger."""

import math
import re
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_SUFFIX = re.compile(
    r"(?:[-_](?P<width>\d{2,4})?x(?P<height>\d{2,4})?(?:_crop_\w+)?(?:@\dx)?"
    r"|[-_](?P<name>pico|icon|thumb|thumbnail|small|compact|medium|large|grande)(?:@\dx)?)"
    r"(?=\.(?:jpe?g|png|webp|avif|gif)$)",
    re.IGNORECASE,
)
_NAMED = {"pico": 16, "icon": 32, "thumb": 50, "thumbnail": 80, "small": 100, "compact": 160, "medium": 240,
          "large": 480, "grande": 600}  # fmt: skip
_WIDTH_PARAMETERS = frozenset({"w", "wid", "width", "sw", "imwidth", "size", "maxwidth", "max-width"})
_SIZE_PARAMETERS = _WIDTH_PARAMETERS.union(
    ("h", "hei", "height", "sh", "maxheight", "max-height", "quality", "q", "fit", "crop", "dpr", "format", "fm", "v")
)
_IDENTIFYING = re.compile(r"(?:^|[&?])(?:id|img|image|file|src|path|url|name)=", re.IGNORECASE)
_MAGENTO_CACHE = re.compile(r"/cache/[0-9a-f]{32}/")
_DECORATION = re.compile(
    r"(?:^|[-_.])(?:logo|placeholder|no[-_]?(?:image|photo|picture)|default[-_]?image|spacer|blank)(?:[-_.]|$)|\.svg$",
    re.IGNORECASE,
)
_SHOPIFY = re.compile(r"^cdn\.shopify\.com$|(?:^|\.)shopifycdn\.")
_SHOPIFY_PATH = "/cdn/shop/"
_WORDPRESS = "/wp-content/uploads/"


def is_decoration(url: str) -> bool:
    """A logo, a placeholder or a drawing by its file's name, whoever calls it the product's."""
    return bool(_DECORATION.search(urlsplit(url).path.rsplit("/", 1)[-1]))


@lru_cache(maxsize=65536)
def same_photo(url: str) -> str:
    """Equal for two sizes of one photo: scheme, size suffix and size parameters left out."""
    parts = urlsplit(url)
    query = _kept_query(parts.query) if _IDENTIFYING.search(parts.query) else ""
    return f"{parts.netloc}{_SUFFIX.sub('', _MAGENTO_CACHE.sub('/', parts.path))}?{query}"


@lru_cache(maxsize=65536)
def width(url: str) -> float:
    """The pixels that the address itself promises; infinite where it names no size, which is the original."""
    parts = urlsplit(url)
    told = [
        int(v) for k, v in parse_qsl(parts.query) if k.lower() in _WIDTH_PARAMETERS and v.isdecimal() and len(v) < 6
    ]
    if match := _SUFFIX.search(parts.path):
        told.append(int(match["width"] or match["height"] or 0) if not match["name"] else _NAMED[match["name"].lower()])
    return float(min(told)) if told else math.inf


def original(url: str, html: str) -> str:
    """The larger original of a thumbnail's address, else `url`.

    Only where it is sure to exist: Shopify's and WordPress's rules of naming, or an address that stands on the page.
    """
    if math.isinf(width(url)):
        return url
    parts = urlsplit(url)
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query) if k.lower() not in _SIZE_PARAMETERS - {"v"}])
    bare = urlunsplit((parts.scheme, parts.netloc, _SUFFIX.sub("", parts.path), query, ""))
    if _SHOPIFY.search(parts.netloc) or _SHOPIFY_PATH in parts.path:
        return bare
    if _WORDPRESS in parts.path and not parts.query:
        return bare
    return bare if _is_on_page(bare, html) else url


def larger(url: str, other: str) -> str:
    """Whichever of two sizes of one photo promises more; `url` where they promise the same."""
    return other if width(other) > width(url) else url


def _is_on_page(url: str, html: str) -> bool:
    """Whether `html` holds `url`, or its path, as a whole."""
    tail = urlsplit(url)._replace(scheme="", netloc="").geturl()
    at = html.find(tail)
    while at >= 0:
        if html[at + len(tail) : at + len(tail) + 1] in ("", '"', "'", " ", ",", "<", ")", "\\", "\n", "&"):
            return True
        at = html.find(tail, at + 1)
    return False


def _kept_query(query: str) -> str:
    return urlencode([(k, v) for k, v in parse_qsl(query) if k.lower() not in _SIZE_PARAMETERS])
