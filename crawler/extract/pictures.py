"""Addresses of pictures: which two are sizes of one photo, and which of them is larger."""

import math
import re
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_SIZE_SUFFIX = re.compile(
    r"(?:[-_](?P<width>\d{2,4})?x(?P<height>\d{2,4})?(?:_crop_\w+)?(?:@\dx)?"
    r"|[-_](?P<name>pico|icon|thumb|thumbnail|small|compact|medium|large|grande)(?:@\dx)?)"
    r"(?=\.(?:jpe?g|png|webp|avif|gif)$)",
    re.IGNORECASE,
)
_NAMED_WIDTHS_PX = {"pico": 16, "icon": 32, "thumb": 50, "thumbnail": 80, "small": 100, "compact": 160, "medium": 240,
          "large": 480, "grande": 600}  # fmt: skip
_WIDTH_PARAMETERS = frozenset({"w", "wid", "width", "sw", "imwidth", "size", "maxwidth", "max-width"})
_SIZE_PARAMETERS = _WIDTH_PARAMETERS.union(
    ("h", "hei", "height", "sh", "maxheight", "max-height", "quality", "q", "fit", "crop", "dpr", "format", "fm", "v")
)
_ID_PARAMETER = re.compile(r"(?:^|[&?])(?:id|img|image|file|src|path|url|name)=", re.IGNORECASE)
_MAGENTO_CACHE = re.compile(r"/cache/[0-9a-f]{32}/")
_DECORATIVE_FILE_NAME = re.compile(
    r"(?:^|[-_.])(?:logo|placeholder|no[-_]?(?:image|photo|picture)|default[-_]?image|spacer|blank)(?:[-_.]|$)|\.svg$",
    re.IGNORECASE,
)
_SHOPIFY_HOST = re.compile(r"^cdn\.shopify\.com$|(?:^|\.)shopifycdn\.")
_SHOPIFY_PATH = "/cdn/shop/"
_WORDPRESS_PATH = "/wp-content/uploads/"


def is_decorative_url(url: str) -> bool:
    """A logo, a placeholder or a drawing by its file's name, whoever calls it the product's."""
    return bool(_DECORATIVE_FILE_NAME.search(urlsplit(url).path.rsplit("/", 1)[-1]))


@lru_cache(maxsize=65536)
def image_key(url: str) -> str:
    """Equal for two sizes of one photo: scheme, size suffix and size parameters left out."""
    parts = urlsplit(url)
    query = _strip_size_parameters(parts.query) if _ID_PARAMETER.search(parts.query) else ""
    return f"{parts.netloc}{_SIZE_SUFFIX.sub('', _MAGENTO_CACHE.sub('/', parts.path))}?{query}"


@lru_cache(maxsize=65536)
def width_from_url(url: str) -> float:
    """The pixels that the address itself promises; infinite where it names no size, which is the original."""
    parts = urlsplit(url)
    widths = [
        int(v) for k, v in parse_qsl(parts.query) if k.lower() in _WIDTH_PARAMETERS and v.isdecimal() and len(v) < 6
    ]
    if match := _SIZE_SUFFIX.search(parts.path):
        widths.append(
            int(match["width"] or match["height"] or 0)
            if not match["name"]
            else _NAMED_WIDTHS_PX[match["name"].lower()]
        )
    return float(min(widths)) if widths else math.inf


def original_variant(url: str, html: str) -> str:
    """The larger original of a thumbnail's address, else `url`.

    Only where it is sure to exist: Shopify's and WordPress's rules of naming, or an address that stands on the page.
    """
    if math.isinf(width_from_url(url)):
        return url
    parts = urlsplit(url)
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query) if k.lower() not in _SIZE_PARAMETERS - {"v"}])
    unsized_url = urlunsplit((parts.scheme, parts.netloc, _SIZE_SUFFIX.sub("", parts.path), query, ""))
    if _SHOPIFY_HOST.search(parts.netloc) or _SHOPIFY_PATH in parts.path:
        return unsized_url
    if _WORDPRESS_PATH in parts.path and not parts.query:
        return unsized_url
    return unsized_url if _is_on_page(unsized_url, html) else url


def larger_variant(url: str, other: str) -> str:
    """Whichever of two sizes of one photo promises more; `url` where they promise the same."""
    return other if width_from_url(other) > width_from_url(url) else url


def _is_on_page(url: str, html: str) -> bool:
    """Whether `html` holds `url`, or its path, as a whole."""
    tail = urlsplit(url)._replace(scheme="", netloc="").geturl()
    start = html.find(tail)
    while start >= 0:
        if html[start + len(tail) : start + len(tail) + 1] in ("", '"', "'", " ", ",", "<", ")", "\\", "\n", "&"):
            return True
        start = html.find(tail, start + 1)
    return False


def _strip_size_parameters(query: str) -> str:
    return urlencode([(k, v) for k, v in parse_qsl(query) if k.lower() not in _SIZE_PARAMETERS])
