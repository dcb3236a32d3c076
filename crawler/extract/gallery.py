"""The product's own photos among a page's images: never logos or other products' cards."""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import lxml.html

from crawler.discover import urls
from crawler.extract import labels, pictures
from crawler.extract.document import Document
from crawler.extract.own_part import is_aside

__all__ = ["is_aside", "photos"]

SMALLEST = 100
"""An image said to be narrower or lower than this, in pixels, and without a larger form, is an icon."""

_GALLERY = re.compile(
    r"gallery|product[-_]{0,2}(?:image|photo|media|view|pic)|pdp[-_]{0,2}(?:image|photo|media)|carousel|slider|swiper"
    r"|slick|thumbnails|thumbs\b|zoom|views|photos|images\b|\bmedia\b|main[-_]?(?:image|pic|photo)|galeri|bild(?:er)?\b",
    re.IGNORECASE,
)
_NOT_A_PHOTO = re.compile(
    r"logo|icon|sprite|placeholder|pixel|spacer|badge|payment|avatar|banner|flag|loading|blank\.|transparent|\.svg|\.gif"
    r"|/ads?/|tracking|captcha|star|rating|qrcode",
    re.IGNORECASE,
)
_LARGE = (
    *("data-zoom-image", "data-large_image", "data-large-image", "data-old-hires", "data-zoom", "data-full"),
    *("data-large", "data-original", "data-hires", "data-highres", "data-big", "data-full-src", "data-image"),
)
_PLAIN = ("data-src", "data-lazy", "data-lazy-src", "data-original-src", "src")
_SETS = ("srcset", "data-srcset", "data-lazy-srcset")
_PICTURE = re.compile(r"\.(?:jpe?g|png|webp|avif)$", re.IGNORECASE)
_NEAR_HEADING = 6
"""Photos without a gallery around them that are taken, the nearest to the heading first."""


def photos(document: Document) -> list[str]:
    """URLs of the product's photos in the page's order, the largest form of each."""
    own = list(_images(document))
    framed = [image for image in own if _in_gallery(image)]
    found = [url for image in framed or own if (url := _largest(image, document))]
    if not framed:
        found = found[:_NEAR_HEADING]
    return list(dict.fromkeys(found))


def _images(document: Document) -> Iterator[Any]:
    """Images before the first heading of other products that lead to no other page."""
    for element in document.own:
        if element.tag in ("h2", "h3", "h4"):
            if labels.says("other products", element.text_content()):
                return
        elif element.tag == "img":
            if _is_decoration(element) or _leads_elsewhere(element, document) or _is_icon(element, document):
                continue
            yield element


def _is_decoration(image: lxml.html.HtmlElement) -> bool:
    # A lazy image's src is a placeholder; its photo is judged by its own URL later.
    src = "" if any(image.get(key) for key in _PLAIN[:-1]) else image.get("src", "")
    return _no_photo(f"{src.rsplit('/', 1)[-1][:200]} {image.get('class', '')} {image.get('id', '')}")


@lru_cache(maxsize=65536)
def _no_photo(names: str) -> bool:
    return bool(_NOT_A_PHOTO.search(names))


def _is_icon(image: lxml.html.HtmlElement, document: Document) -> bool:
    sizes = (image.get("width", ""), image.get("height", ""))
    if not any(size.isdecimal() and int(size) < SMALLEST for size in sizes):
        return False
    # A thumbnail of the gallery is small too, but knows its photo.
    return not (any(map(image.get, (*_LARGE, *_SETS))) or _linked_picture(image, document)) and not _in_gallery(image)


def _link(image: lxml.html.HtmlElement) -> str:
    return next((a.get("href") or "" for a in image.iterancestors("a")), "")


def _linked_picture(image: lxml.html.HtmlElement, document: Document) -> str | None:
    linked = document.absolute(_link(image))
    return linked if linked and _PICTURE.search(urlsplit(linked).path) else None


def _leads_elsewhere(image: lxml.html.HtmlElement, document: Document) -> bool:
    href = _link(image).strip()
    if not href or href.startswith(("#", "javascript:")):
        return False
    url = document.absolute(href)
    if url is None or _PICTURE.search(urlsplit(url).path):
        return False
    return urls.clean(url) not in (document.url, document.canonical)


def _in_gallery(image: lxml.html.HtmlElement) -> bool:
    for ancestor in image.iterancestors():
        if ancestor.tag == "body":
            return False
        if _names_gallery(f"{ancestor.get('id', '')} {ancestor.get('class', '')}"):
            return True
    return False


@lru_cache(maxsize=65536)
def _names_gallery(names: str) -> bool:
    return bool(_GALLERY.search(names))


def _largest(image: lxml.html.HtmlElement, document: Document) -> str | None:
    if linked := _linked_picture(image, document):
        return linked
    anchor = next(image.iterancestors("a"), None)
    near = [] if anchor is None else [anchor.get(key) for key in _LARGE]
    widest = [_widest(srcset) for srcset in _sets(image)]
    for value in (*map(image.get, _LARGE), *near, _largest_of_sizes(image), *widest, *map(image.get, _PLAIN)):
        url = document.absolute(value) if value and _may_be_picture(value) else None
        if url and not _no_photo(urlsplit(url).path.rsplit("/", 1)[-1]):
            return url
    return None


def _may_be_picture(value: str) -> bool:
    return "/" in value or "." in value


def _sets(image: lxml.html.HtmlElement) -> Iterator[str]:
    """The srcsets of an image, then those of the <source>s of its <picture>."""
    yield from (srcset for key in _SETS if (srcset := image.get(key)))
    # The parser takes <source> for an element with content, so the image may stand within it.
    for picture in islice(image.iterancestors("picture"), 1):
        for source in picture.iter("source"):
            yield from (srcset for key in _SETS if (srcset := source.get(key)))


def _largest_of_sizes(image: lxml.html.HtmlElement) -> str | None:
    """The URL with the most pixels of an attribute such as data-...='{"https://...": [width, height]}'."""
    for value in image.attrib.values():
        if value.startswith('{"') and "http" in value[:10]:
            try:
                sizes = json.loads(value)
            except (ValueError, RecursionError):
                continue
            measured = {u: s for u, s in sizes.items() if isinstance(s, list) and len(s) == 2 and isinstance(s[0], int)}
            if measured:
                return str(max(measured, key=lambda url: measured[url][0]))
    return None


def _widest(srcset: str) -> str:
    """The URL with the greatest descriptor of a srcset: "a.jpg 320w, b.jpg 640w"."""
    best, most = "", -1.0
    for part in re.split(r",\s+|(?<=\d[wx]),", srcset.strip()):
        url, _, descriptor = part.strip().partition(" ")
        number = re.match(r"[\d.]+", descriptor.strip())
        size = float(number.group()) if number and number.group().count(".") < 2 and number.group() != "." else 0.0
        if size == 0.0:
            size = min(pictures.width(url), 1.0)
        if url and size > most:
            best, most = url, size
    return best
