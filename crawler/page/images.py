"""Find the product photos of a page, and recognise image bytes.

Logos, icons, size charts, the still images of videos and the images of other products are not product photos.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import lxml.html
from lxml.etree import ParserError

from crawler.discover import urls
from crawler.page.document import Document
from crawler.page.image_element import (
    BACKGROUND_ATTRIBUTES,
    BACKGROUND_URL,
    LARGE_IMAGE_ATTRIBUTES,
    SRCSET_ATTRIBUTES,
    anchor_href,
    largest_image_url,
    linked_image_url,
)
from crawler.values import labelled_values
from crawler.values.image_urls import IMAGE_EXTENSION, is_size_chart

MIN_SIDE_PX = 100
"""An image whose declared width or height is below this, in pixels, is an icon, unless it has a larger version."""

_GALLERY_NAME = re.compile(
    r"gallery|product[-_]{0,2}(?:image|photo|media|view|pic)|pdp[-_]{0,2}(?:image|photo|media)|carousel|slider|swiper"
    r"|slick|thumbnails|thumbs\b|zoom|views|photos|images\b|\bmedia\b|main[-_]?(?:image|pic|photo)|galeri|bild(?:er)?\b",
    re.IGNORECASE,
)
_ICON_WORDS = frozenset(
    {"logo", "icon", "icons", "sprite", "badge", "payment", "payments", "avatar", "flag", "captcha", "rating", "stars"}
) | {"qrcode", "tracking", "pixel", "spacer", "emoji"}
_VIDEO_NAME = re.compile(r"(?<![a-z])(?:videos?|youtube|vimeo)(?![a-z])", re.IGNORECASE)
_IMAGE_HREF = re.compile(r"\.(?:jpe?g|png|webp|avif)(?=[?#]|\s*$)", re.IGNORECASE)
_IMAGE_NAMES = frozenset({*BACKGROUND_ATTRIBUTES, *LARGE_IMAGE_ATTRIBUTES, "data-src"})
_NAMING_ATTRIBUTES = _IMAGE_NAMES | {"style", "href"}
_IMAGE_TAGS = ("img", "amp-img")
_MAX_PHOTOS_WITHOUT_GALLERY = 6
"""Maximum number of photos of a page without a gallery; the first ones are taken."""
_MAX_ESCAPED_LENGTH = 20_000
_JPEG_START = b"\xff\xd8\xff"
_MAGIC_BYTES = (_JPEG_START, b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\x00", b"MM\x00*")
_ISOBMFF_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1")
_JUNK_BEFORE_IMAGE = re.compile(rb"(?:\s|\xef\xbb\xbf|<!--.{0,2000}?-->)+", re.DOTALL)
_MAX_JUNK_BYTES = 4096


def extract_photos(document: Document) -> list[str]:
    """Return the URLs of the product photos in document order, the largest version of each."""
    in_gallery: dict[Any, bool] = {}
    candidates = list(_candidate_images(document, in_gallery))
    gallery_images = [
        image for image in candidates if image.tag not in _IMAGE_TAGS or _is_in_gallery(image, in_gallery)
    ]
    photo_urls = [url for image in gallery_images if (url := largest_image_url(image, document))]
    if not photo_urls:
        photo_urls = [url for image in candidates if (url := largest_image_url(image, document))]
        photo_urls = [url for url in photo_urls if not _is_icon_name(urlsplit(url).path)][:_MAX_PHOTOS_WITHOUT_GALLERY]
    return list(dict.fromkeys(photo_urls))


def _candidate_images(document: Document, in_gallery: dict[Any, bool]) -> Iterator[Any]:
    """Yield the images before the first heading of other products, without those that link to another page.

    In a gallery, a link to an image, a background image and an element that names a large image count as images too.
    """
    for element in document.main_elements_and_noscript:
        if element.tag in ("h2", "h3", "h4"):
            if labelled_values.has_phrase("other products", element.text_content()):
                return
        elif element.tag in _IMAGE_TAGS:
            if _is_photo_element(element, document, in_gallery):
                yield element
        elif element.tag == "noscript":
            # What a browser without scripts would show: the photos of a gallery that scripts load.
            for image in _noscript_images(element):
                if _is_photo_element(image, document, in_gallery):
                    yield image
        elif (
            _names_image(element)
            and (_is_gallery_element(element) or _is_in_gallery(element, in_gallery))
            and next(element.iter(*_IMAGE_TAGS), None) is None
            and not (_is_video(element) or is_size_chart(_alternative_text(element)))
        ):
            yield element


def _is_photo_element(image: Any, document: Document, in_gallery: dict[Any, bool]) -> bool:
    names = f"{image.get('class') or ''} {image.get('id') or ''}"
    return not (
        _is_icon_class(names)
        or is_size_chart(_alternative_text(image))
        or _is_video(image)
        or _links_to_other_page(image, document)
        or _is_icon(image, document, in_gallery)
    )


def _noscript_images(noscript: Any) -> Iterator[Any]:
    """Yield the images in a <noscript>, of which some shops escape the content."""
    yield from noscript.iter(*_IMAGE_TAGS)
    text = noscript.text or ""
    if "<img" in text and len(text) <= _MAX_ESCAPED_LENGTH:
        try:
            inner = lxml.html.fragment_fromstring(text, create_parent="noscript")
        except (ParserError, ValueError):
            return
        noscript.text = None
        noscript.extend(list(inner))
        yield from noscript.iter(*_IMAGE_TAGS)


def _names_image(element: Any) -> bool:
    if _NAMING_ATTRIBUTES.isdisjoint(names := element.keys()):
        return False
    if element.tag == "a" and _IMAGE_HREF.search(element.get("href") or ""):
        return True
    style = element.get("style") or ""
    return bool("background" in style and BACKGROUND_URL.search(style)) or not _IMAGE_NAMES.isdisjoint(names)


def _alternative_text(element: Any) -> str:
    return f"{element.get('alt') or ''} {element.get('title') or ''} {element.get('aria-label') or ''}"[:200]


@lru_cache(maxsize=65536)
def _is_icon_class(names: str) -> bool:
    """Return whether the first or the last word of a class or id names an icon: "site-logo", "icon-cart"."""
    return any(_is_icon_name(name) for name in names.split())


def _is_icon_name(name: str) -> bool:
    words = re.split(r"[^a-z0-9]+", IMAGE_EXTENSION.sub("", name.rsplit("/", 1)[-1].lower()))
    is_jpeg = name.lower().endswith((".jpg", ".jpeg"))
    return not is_jpeg and (words[0] in _ICON_WORDS or words[-1] in _ICON_WORDS)


def _is_video(element: Any) -> bool:
    """Return whether an image stands for a video, by its own name or that of an element around it alone."""
    for part in (element, *islice(element.iterancestors(), 2)):
        if part is not element and len(list(islice(part.iter(*_IMAGE_TAGS), 2))) > 1:
            return False
        names = (
            f"{part.get('class') or ''} {part.get('id') or ''} {_alternative_text(part)} {part.get('data-type') or ''}"
        )
        if _VIDEO_NAME.search(names) or any(name.startswith("data-video") for name in part.attrib):
            return True
    return False


def _is_icon(image: Any, document: Document, in_gallery: dict[Any, bool]) -> bool:
    if image.tag == "amp-img":
        return False  # Its width and height can be a ratio.
    sizes = (image.get("width", ""), image.get("height", ""))
    small = [int(size) for size in sizes if size.isdecimal() and int(size) < MIN_SIDE_PX]
    if not small:
        return False
    if max(small) <= 1:
        return True  # A tracking pixel.
    # A thumbnail in a gallery is small too, but it links to its photo.
    return not (
        any(map(image.get, (*LARGE_IMAGE_ATTRIBUTES, *SRCSET_ATTRIBUTES))) or linked_image_url(image, document)
    ) and not _is_in_gallery(image, in_gallery)


def _links_to_other_page(image: Any, document: Document) -> bool:
    href = anchor_href(image).strip()
    if not href or href.startswith(("#", "javascript:")):
        return False
    url = document.resolve_href(href)
    if url is None or IMAGE_EXTENSION.search(urlsplit(url).path):
        return False
    return urls.canonicalize(url) not in (document.url, document.canonical_url)


def _is_in_gallery(image: Any, known: dict[Any, bool]) -> bool:
    """Return whether an element around `image` is named like a gallery; `known` holds the answers so far."""
    visited, answer = [], False
    for ancestor in image.iterancestors():
        if ancestor.tag == "body":
            break
        if ancestor in known:
            answer = known[ancestor]
            break
        visited.append(ancestor)
        if _is_gallery_element(ancestor):
            answer = True
            break
    known.update(dict.fromkeys(visited, answer))
    return answer


def _is_gallery_element(element: Any) -> bool:
    return element.tag == "amp-carousel" or _is_gallery_name(f"{element.get('id', '')} {element.get('class', '')}")


@lru_cache(maxsize=65536)
def _is_gallery_name(names: str) -> bool:
    return bool(_GALLERY_NAME.search(names))


def strip_junk(body: bytes) -> bytes:
    """Return image bytes without the text that some servers send before them: a blank line, a BOM, a comment."""
    if _has_magic_bytes(body):
        return body
    start = body.find(_JPEG_START, 0, _MAX_JUNK_BYTES)
    if start > 0 and _is_text(body[:start]):
        return body[start:]
    junk = _JUNK_BEFORE_IMAGE.match(body, 0, _MAX_JUNK_BYTES)
    stripped = body[junk.end() :] if junk else body
    # The two letters of a BMP are no evidence after text.
    return stripped if _has_magic_bytes(stripped) and not stripped.startswith(b"BM") else body


def _is_text(start: bytes) -> bool:
    try:
        return "\0" not in start.decode()
    except UnicodeDecodeError:
        return False


def is_image(body: bytes) -> bool:
    """Return whether `body` is a JPEG, PNG, GIF, WebP, AVIF, HEIC, BMP or TIFF by its magic bytes; see `strip_junk`."""
    return _has_magic_bytes(strip_junk(body))


def _has_magic_bytes(body: bytes) -> bool:
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return True
    return body.startswith(_MAGIC_BYTES) or (body[4:8] == b"ftyp" and body[8:12] in _ISOBMFF_BRANDS)
