"""Find the product photos of a page, compare sizes of one photo by URL, and recognise image bytes.

Logos, icons and the images of other products are not product photos. An image URL such as /a-100x100.jpg names its
size, so that two sizes of one photo can be matched.
"""

import json
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import lxml.html

from crawler.discover import urls
from crawler.extract import labelled_values
from crawler.extract.document import Document

MIN_SIDE_PX = 100
"""An image whose declared width or height is below this, in pixels, is an icon, unless it has a larger version."""

_GALLERY_NAME = re.compile(
    r"gallery|product[-_]{0,2}(?:image|photo|media|view|pic)|pdp[-_]{0,2}(?:image|photo|media)|carousel|slider|swiper"
    r"|slick|thumbnails|thumbs\b|zoom|views|photos|images\b|\bmedia\b|main[-_]?(?:image|pic|photo)|galeri|bild(?:er)?\b",
    re.IGNORECASE,
)
_NON_PHOTO_NAME = re.compile(
    r"logo|icon|sprite|placeholder|pixel|spacer|badge|payment|avatar|banner|flag|loading|blank\.|transparent|\.svg|\.gif"
    r"|/ads?/|tracking|captcha|star|rating|qrcode",
    re.IGNORECASE,
)
_LARGE_IMAGE_ATTRIBUTES = (
    *("data-zoom-image", "data-large_image", "data-large-image", "data-old-hires", "data-zoom", "data-full"),
    *("data-large", "data-original", "data-hires", "data-highres", "data-big", "data-full-src", "data-image"),
)
_IMAGE_ATTRIBUTES = ("data-src", "data-lazy", "data-lazy-src", "data-original-src", "src")
_SRCSET_ATTRIBUTES = ("srcset", "data-srcset", "data-lazy-srcset")
_IMAGE_EXTENSION = re.compile(r"\.(?:jpe?g|png|webp|avif)$", re.IGNORECASE)
_MAX_PHOTOS_WITHOUT_GALLERY = 6
"""Maximum number of photos of a page without a gallery; the first ones are taken."""
_SIZE_SUFFIX = re.compile(
    r"(?:[-_](?P<width>\d{2,4})?x(?P<height>\d{2,4})?(?:_crop_\w+)?(?:@\dx)?"
    r"|[-_](?P<name>pico|icon|thumb|thumbnail|small|compact|medium|large|grande)(?:@\dx)?)"
    r"(?=\.(?:jpe?g|png|webp|avif|gif)$)",
    re.IGNORECASE,
)
_NAMED_WIDTHS_PX = {
    **{"pico": 16, "icon": 32, "thumb": 50, "thumbnail": 80, "small": 100},
    **{"compact": 160, "medium": 240, "large": 480, "grande": 600},
}
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
_MAGIC_BYTES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\x00", b"MM\x00*")
_ISOBMFF_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1")


def extract_photos(document: Document) -> list[str]:
    """Return the URLs of the product photos in document order, the largest version of each."""
    images = list(_candidate_images(document))
    gallery_images = [image for image in images if _is_in_gallery(image)]
    photo_urls = [url for image in gallery_images or images if (url := _largest_image_url(image, document))]
    if not gallery_images:
        photo_urls = photo_urls[:_MAX_PHOTOS_WITHOUT_GALLERY]
    return list(dict.fromkeys(photo_urls))


def _candidate_images(document: Document) -> Iterator[Any]:
    """Yield the images before the first heading of other products, without those that link to another page."""
    for element in document.main_elements:
        if element.tag in ("h2", "h3", "h4"):
            if labelled_values.has_phrase("other products", element.text_content()):
                return
        elif element.tag == "img":
            if _is_decorative_image(element) or _links_to_other_page(element, document) or _is_icon(element, document):
                continue
            yield element


def _is_decorative_image(image: lxml.html.HtmlElement) -> bool:
    # The src of a lazy-loaded image is a placeholder; its real URL is checked later.
    src = "" if any(image.get(key) for key in _IMAGE_ATTRIBUTES[:-1]) else image.get("src", "")
    return _is_non_photo_name(f"{src.rsplit('/', 1)[-1][:200]} {image.get('class', '')} {image.get('id', '')}")


@lru_cache(maxsize=65536)
def _is_non_photo_name(names: str) -> bool:
    return bool(_NON_PHOTO_NAME.search(names))


def _is_icon(image: lxml.html.HtmlElement, document: Document) -> bool:
    sizes = (image.get("width", ""), image.get("height", ""))
    if not any(size.isdecimal() and int(size) < MIN_SIDE_PX for size in sizes):
        return False
    # A thumbnail in a gallery is small too, but it links to its photo.
    return not (
        any(map(image.get, (*_LARGE_IMAGE_ATTRIBUTES, *_SRCSET_ATTRIBUTES))) or _linked_image_url(image, document)
    ) and not _is_in_gallery(image)


def _anchor_href(image: lxml.html.HtmlElement) -> str:
    return next((a.get("href") or "" for a in image.iterancestors("a")), "")


def _linked_image_url(image: lxml.html.HtmlElement, document: Document) -> str | None:
    linked = document.resolve_href(_anchor_href(image))
    return linked if linked and _IMAGE_EXTENSION.search(urlsplit(linked).path) else None


def _links_to_other_page(image: lxml.html.HtmlElement, document: Document) -> bool:
    href = _anchor_href(image).strip()
    if not href or href.startswith(("#", "javascript:")):
        return False
    url = document.resolve_href(href)
    if url is None or _IMAGE_EXTENSION.search(urlsplit(url).path):
        return False
    return urls.canonicalize(url) not in (document.url, document.canonical_url)


def _is_in_gallery(image: lxml.html.HtmlElement) -> bool:
    for ancestor in image.iterancestors():
        if ancestor.tag == "body":
            return False
        if _is_gallery_name(f"{ancestor.get('id', '')} {ancestor.get('class', '')}"):
            return True
    return False


@lru_cache(maxsize=65536)
def _is_gallery_name(names: str) -> bool:
    return bool(_GALLERY_NAME.search(names))


def _largest_image_url(image: lxml.html.HtmlElement, document: Document) -> str | None:
    if linked := _linked_image_url(image, document):
        return linked
    anchor = next(image.iterancestors("a"), None)
    anchor_values = [] if anchor is None else [anchor.get(key) for key in _LARGE_IMAGE_ATTRIBUTES]
    widest = [_widest_in_srcset(srcset) for srcset in _srcsets(image)]
    for value in (
        *map(image.get, _LARGE_IMAGE_ATTRIBUTES),
        *anchor_values,
        _largest_in_size_map(image),
        *widest,
        *map(image.get, _IMAGE_ATTRIBUTES),
    ):
        url = document.resolve_href(value) if value and _looks_like_url(value) else None
        if url and not _is_non_photo_name(urlsplit(url).path.rsplit("/", 1)[-1]):
            return url
    return None


def _looks_like_url(value: str) -> bool:
    return "/" in value or "." in value


def _srcsets(image: lxml.html.HtmlElement) -> Iterator[str]:
    """Yield the srcsets of an image, then those of the <source> elements of its <picture>."""
    yield from (srcset for key in _SRCSET_ATTRIBUTES if (srcset := image.get(key)))
    # The parser treats <source> as an element with content, so the image can be inside it.
    for picture in islice(image.iterancestors("picture"), 1):
        for source in picture.iter("source"):
            yield from (srcset for key in _SRCSET_ATTRIBUTES if (srcset := source.get(key)))


def _largest_in_size_map(image: lxml.html.HtmlElement) -> str | None:
    """Return the URL with the largest width in an attribute such as data-...='{"https://...": [width, height]}'."""
    for value in image.attrib.values():
        if value.startswith('{"') and "http" in value[:10]:
            try:
                sizes = json.loads(value)
            except (ValueError, RecursionError):
                continue
            size_by_url = {
                url: size
                for url, size in sizes.items()
                if isinstance(size, list) and len(size) == 2 and isinstance(size[0], int)
            }
            if size_by_url:
                return str(max(size_by_url, key=lambda url: size_by_url[url][0]))
    return None


def _widest_in_srcset(srcset: str) -> str:
    """Return the URL with the largest descriptor of a srcset: "a.jpg 320w, b.jpg 640w" gives "b.jpg"."""
    widest_url, max_size = "", -1.0
    for part in re.split(r",\s+|(?<=\d[wx]),", srcset.strip()):
        url, _, descriptor = part.strip().partition(" ")
        number = re.match(r"[\d.]+", descriptor.strip())
        size = float(number.group()) if number and number.group().count(".") < 2 and number.group() != "." else 0.0
        if size == 0.0:
            size = min(width_from_url(url), 1.0)
        if url and size > max_size:
            widest_url, max_size = url, size
    return widest_url


def is_decorative_url(url: str) -> bool:
    """Return whether the file name is that of a logo, a placeholder or an SVG drawing."""
    return bool(_DECORATIVE_FILE_NAME.search(urlsplit(url).path.rsplit("/", 1)[-1]))


@lru_cache(maxsize=65536)
def image_key(url: str) -> str:
    """Return a key that is equal for all sizes of one photo: the URL without scheme, size suffix and parameters."""
    parts = urlsplit(url)
    query = _strip_size_parameters(parts.query) if _ID_PARAMETER.search(parts.query) else ""
    return f"{parts.netloc}{_SIZE_SUFFIX.sub('', _MAGENTO_CACHE.sub('/', parts.path))}?{query}"


@lru_cache(maxsize=65536)
def width_from_url(url: str) -> float:
    """Return the width in pixels that the URL names; infinity if it names none, as for the original."""
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
    """Return the URL of the original of a thumbnail, if it surely exists, else `url`.

    It exists by the naming rules of Shopify and WordPress, or if the page contains its URL.
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
    """Return the larger of two sizes of one photo by their URLs; `url` if they are equal."""
    return other if width_from_url(other) > width_from_url(url) else url


def _is_on_page(url: str, html: str) -> bool:
    """Return whether `html` contains the path of `url` and nothing more after it."""
    tail = urlsplit(url)._replace(scheme="", netloc="").geturl()
    start = html.find(tail)
    while start >= 0:
        if html[start + len(tail) : start + len(tail) + 1] in ("", '"', "'", " ", ",", "<", ")", "\\", "\n", "&"):
            return True
        start = html.find(tail, start + 1)
    return False


def _strip_size_parameters(query: str) -> str:
    return urlencode([(k, v) for k, v in parse_qsl(query) if k.lower() not in _SIZE_PARAMETERS])


def is_image(body: bytes) -> bool:
    """Return whether `body` starts with the magic bytes of JPEG, PNG, GIF, WebP, AVIF, HEIC, BMP or TIFF."""
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return True
    return body.startswith(_MAGIC_BYTES) or (body[4:8] == b"ftyp" and body[8:12] in _ISOBMFF_BRANDS)
