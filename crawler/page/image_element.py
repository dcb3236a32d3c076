"""Find the URL of the largest version of one image element, whatever attributes a shop writes it into."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from crawler.page.document import Document
from crawler.values.image_urls import IMAGE_EXTENSION, fill_size_template, is_decorative_url, width_from_url

LARGE_IMAGE_ATTRIBUTES = (
    *("data-zoom-image", "data-large_image", "data-large-image", "data-old-hires", "data-zoom", "data-full"),
    *("data-large", "data-original", "data-hires", "data-highres", "data-big", "data-full-src", "data-image"),
    *("data-zoom-src", "data-zoom-url", "data-zoomimage", "data-magnify-src", "data-large-src", "data-large-img-url"),
    *("data-full-image", "data-original-image", "data-bigimage", "data-hi-res", "data-lightbox-src"),
)
_IMAGE_ATTRIBUTES = (
    *("data-src", "data-lazy", "data-lazy-src", "data-original-src", "data-lazyload", "data-ll-src", "data-echo"),
    *("data-flickity-lazyload", "data-splide-lazy", "data-lazy-image", "data-img", "data-img-src", "src"),
)
BACKGROUND_ATTRIBUTES = ("data-bg", "data-background", "data-background-image", "data-lazy-background", "data-bgset")
SRCSET_ATTRIBUTES = ("srcset", "data-srcset", "data-lazy-srcset")
_WIDTHS_ATTRIBUTES = ("data-widths", "data-rias-widths")
BACKGROUND_URL = re.compile(r"background(?:-image)?\s*:[^;]*?url\(\s*['\"]?([^'\")]+)", re.IGNORECASE)
_MAX_SOURCES = 20
"""Maximum number of <source> elements of one <picture> that are compared."""


def anchor_href(image: Any) -> str:
    """Return the href of the link that an image is or is in, "" if there is none."""
    if image.tag == "a":
        return image.get("href") or ""
    return next((a.get("href") or "" for a in image.iterancestors("a")), "")


def linked_image_url(image: Any, document: Document) -> str | None:
    """Return the URL of the image that an image links to, or None."""
    linked = document.resolve_href(anchor_href(image))
    return linked if linked and IMAGE_EXTENSION.search(urlsplit(linked).path) else None


def largest_image_url(image: Any, document: Document) -> str | None:
    """Return the URL of the largest version of an image: what it links to, a zoomed copy, the widest of its srcset."""
    if linked := linked_image_url(image, document):
        return None if is_decorative_url(linked) else linked
    anchor = next(image.iterancestors("a"), None)
    widths = [int(n) for name in _WIDTHS_ATTRIBUTES for n in re.findall(r"\d{2,5}", (image.get(name) or "")[:400])]
    for value in (
        *map(image.get, LARGE_IMAGE_ATTRIBUTES),
        *([] if anchor is None else [anchor.get(key) for key in LARGE_IMAGE_ATTRIBUTES]),
        _largest_in_size_map(image),
        *(_widest_in_srcset(srcset) for srcset in _srcsets(image)),
        *map(image.get, _IMAGE_ATTRIBUTES),
        *background_urls(image),
    ):
        filled = fill_size_template(value, widths) if value and ("/" in value or "." in value) else None
        url = document.resolve_href(filled) if filled else None
        if url and not is_decorative_url(url) and not urlsplit(url).path.lower().endswith(".gif"):
            return url
    return None


def background_urls(element: Any) -> Iterator[str]:
    """Yield the background images of an element."""
    if match := BACKGROUND_URL.search(element.get("style") or ""):
        yield match[1]
    yield from (_widest_in_srcset(value) for name in BACKGROUND_ATTRIBUTES if (value := element.get(name)))


def _srcsets(image: Any) -> Iterator[str]:
    """Yield the srcsets of an image, then those of the <source> elements of its <picture>."""
    yield from (srcset for key in SRCSET_ATTRIBUTES if (srcset := image.get(key)))
    # The parser treats <source> as an element with content, so the image can be inside it.
    for picture in islice(image.iterancestors("picture"), 1):
        for source in islice(picture.iter("source"), _MAX_SOURCES):
            yield from (srcset for key in SRCSET_ATTRIBUTES if (srcset := source.get(key)))


def _largest_in_size_map(image: Any) -> str | None:
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
