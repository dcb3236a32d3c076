"""The product's own photos among a page's images: never navigation, logos or other products' cards."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import lxml.html

from crawler.discover import urls
from crawler.extract.document import Document

SMALLEST = 100
"""An image said to be narrower or lower than this, in pixels, is an icon."""

_ASIDE_TAGS = frozenset({"nav", "header", "footer", "aside", "noscript"})
_ASIDE = re.compile(
    r"related|upsell|up-sell|cross-?sell|recommend|similar|also[-_ ]?(?:viewed|bought|like)|recently|you-may"
    r"|complete-the|\bnav|\bmenu|footer|breadcrumb|newsletter|review|payment|instagram|minicart|cookie|modal-menu",
    re.IGNORECASE,
)
_GALLERY = re.compile(
    r"gallery|product[-_]{0,2}(?:image|photo|media|view)|pdp[-_]{0,2}(?:image|photo|media)|carousel|slider|swiper|slick"
    r"|thumbnails|zoom|views|photos|\bmedia\b",
    re.IGNORECASE,
)
_NOT_A_PHOTO = re.compile(
    r"logo|icon|sprite|placeholder|pixel|spacer|badge|payment|avatar|banner|flag|\.svg|\.gif", re.IGNORECASE
)
_LARGE = ("data-zoom-image", "data-large_image")
_PLAIN = ("data-large", "data-full", "data-original", "data-src", "data-lazy", "src")
_PICTURE = re.compile(r"\.(?:jpe?g|png|webp|avif)$", re.IGNORECASE)
_RELATED_HEADING = re.compile(
    r"also (?:viewed|bought|like)|related|similar|recommend|you may|recently viewed|complete the look"
    r"|more from|goes with",
    re.IGNORECASE,
)


def photos(document: Document) -> list[str]:
    """URLs of the product's photos in the page's order, the largest form of each."""
    own = [image for image in _images(document) if not is_aside(image)]
    framed = [image for image in own if _in_gallery(image)]
    found = (_largest(image, document) for image in framed or own)
    return list(dict.fromkeys(url for url in found if url))


def is_aside(element: lxml.html.HtmlElement) -> bool:
    """Within navigation, header, footer, or a block of other products."""
    while element is not None:
        if element.tag in _ASIDE_TAGS:
            return True
        if element.tag in ("html", "body"):
            return False
        if _ASIDE.search(f"{element.get('id', '')} {element.get('class', '')}"):
            return True
        element = element.getparent()
    return False


def _images(document: Document) -> Iterator[lxml.html.HtmlElement]:
    """Images before the first heading of other products that are not links to another page."""
    for element in document.tree.iter("img", "h2", "h3", "h4"):
        if element.tag != "img":
            if _RELATED_HEADING.search(element.text_content()):
                return
            continue
        if not _is_decoration(element) and not _is_icon(element) and not _leads_elsewhere(element, document):
            yield element


def _is_decoration(image: lxml.html.HtmlElement) -> bool:
    # A lazy image's src is a placeholder; its photo is judged by its own URL later.
    src = "" if image.get("data-src") else image.get("src", "")
    return bool(_NOT_A_PHOTO.search(f"{src} {image.get('class', '')} {image.get('id', '')}"))


def _is_icon(image: lxml.html.HtmlElement) -> bool:
    sizes = (image.get("width", ""), image.get("height", ""))
    return any(size.isdigit() and int(size) < SMALLEST for size in sizes)


def _link(image: lxml.html.HtmlElement) -> str:
    return next((a.get("href") or "" for a in image.iterancestors("a")), "")


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
        if _GALLERY.search(f"{ancestor.get('id', '')} {ancestor.get('class', '')}"):
            return True
    return False


def _largest(image: lxml.html.HtmlElement, document: Document) -> str | None:
    linked = document.absolute(_link(image))
    if linked and _PICTURE.search(urlsplit(linked).path):
        return linked
    widest = _widest(image.get("srcset") or image.get("data-srcset") or "")
    for value in (*map(image.get, _LARGE), widest, *map(image.get, _PLAIN)):
        url = document.absolute(value)
        if url and not _NOT_A_PHOTO.search(urlsplit(url).path.rsplit("/", 1)[-1]):
            return url
    return None


def _widest(srcset: str) -> str:
    """The URL with the greatest descriptor of a srcset: "a.jpg 320w, b.jpg 640w"."""
    best, most = "", -1.0
    for part in re.split(r",\s+", srcset.strip()):
        url, _, descriptor = part.strip().partition(" ")
        number = re.match(r"[\d.]+", descriptor.strip())
        size = float(number.group()) if number and number.group().count(".") < 2 else 0.0
        if url and size > most:
            best, most = url, size
    return best
