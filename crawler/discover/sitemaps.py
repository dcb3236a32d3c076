"""Parse sitemaps: the pages and further sitemaps that they list, and the images that they list for a page."""

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import lxml.etree

from crawler.decoding.byte_stream import open_limited
from crawler.decoding.text_encoding import detect_feed_encoding
from crawler.decoding.xml_stream import RepairedXml
from crawler.discover import identifying_params, urls
from weft.contracts.product import PhotoLink, Product
from weft.errors import ShopError

MAX_SITEMAP_BYTES = 64_000_000
"""Maximum size of a sitemap after decompression; the protocol allows 52,428,800 bytes."""
MAX_TRANSLATIONS = 200
"""Maximum number of translations of one page."""
MAX_PHOTOS_PER_PAGE = 1_000
"""Maximum number of images of one page, as in Google's image sitemaps."""

_PRODUCT_SITEMAP_NAME = re.compile(r"produ[ck]t|item|pdp|artikel|produit|goods|sku")
_OTHER_SITEMAP_NAME = re.compile(
    r"categor|product_?(?:cat|tag)|(?<![a-z])tags?(?![a-z])|brand|collection|blog|post|page|author|news|image|video|store"
)
_PAGE_LISTS = frozenset({"urlset", "rss", "feed"})
_ENTRY_TAGS = frozenset({"url", "sitemap", "item", "entry"})
_MAX_NOISE_CHARS = 4096
_IMAGE_SIZE_SUFFIX = re.compile(
    r"[-_](?:\d{2,4}x\d{0,4}|x\d{2,4}|large|medium|small|grande|thumb)(?=\.\w+$)", re.IGNORECASE
)


class SitemapEntry(NamedTuple):
    """One page in a sitemap."""

    url: str
    """In canonical form."""
    lastmod: str = ""
    """The date of the last change as written in the sitemap (W3C date format), "" if it is missing."""
    photos: tuple[str, ...] = ()
    """URLs of the images on the page (image:image)."""
    translations: tuple[tuple[str, str], ...] = ()
    """(language code, URL) of the page in other languages (xhtml:link), in canonical form."""


class Sitemap(NamedTuple):
    """The content of one sitemap."""

    sitemaps: tuple[str, ...]
    """Further sitemaps."""
    pages: Iterator[SitemapEntry]
    """Each page once; parsed while it is iterated."""


def parse_sitemap(body: bytes, url: str) -> Sitemap:
    """Parse a sitemap index or a urlset in XML, or a plain list of URLs.

    Args:
        body: The body of the response; gzip is decompressed.
        url: The URL of the sitemap. Relative locations are resolved against it.

    Raises:
        ValueError: `body` is not a sitemap.
    """
    text = _decode(body, url)
    if not text.lstrip("\ufeff \t\r\n").startswith("<") and "<?xml" not in text[:_MAX_NOISE_CHARS]:
        lines = text.split()
        return Sitemap((), _deduplicate(SitemapEntry(line) for line in lines if line.startswith("http")))
    try:
        repaired = RepairedXml(io.StringIO(text), url)
        elements = lxml.etree.iterparse(
            io.BufferedReader(repaired),
            events=("start", "end"),
            recover=True,
            resolve_entities=False,
            remove_comments=True,
        )
        root_tag = _local_name(next(elements)[1])
    except (StopIteration, lxml.etree.XMLSyntaxError, ShopError) as error:
        raise ValueError(f"{url}: expected a sitemap, got no XML element") from error
    if root_tag == "sitemapindex":
        return Sitemap(
            product_sitemaps(tuple(entry.url for entry in _deduplicate(_iter_entries(elements, url)))), iter(())
        )
    if root_tag in _PAGE_LISTS:
        return Sitemap((), _deduplicate(_iter_entries(elements, url)))
    raise ValueError(f"{url}: expected <sitemapindex>, <urlset>, <rss> or <feed>, got <{root_tag}>")


def _decode(body: bytes, url: str) -> str:
    """Return the text of a sitemap in any encoding, decompressed.

    Raises:
        ValueError: The gzip is broken or the sitemap is larger than MAX_SITEMAP_BYTES.
    """
    try:
        with open_limited(io.BytesIO(body), url, MAX_SITEMAP_BYTES) as stream:
            plain = stream.read()
    except ShopError as error:
        raise ValueError(f"{url}: expected a sitemap, got broken gzip or too many bytes") from error
    return plain.decode(detect_feed_encoding(plain), errors="replace")


def product_sitemaps(sitemaps: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sitemaps whose names say that they list products, or all if there are none."""
    # The word "sitemap" contains "item".
    names = {sitemap: sitemap.lower().rsplit("/", 1)[-1].replace("sitemap", "") for sitemap in sitemaps}
    product_only = tuple(
        s for s in sitemaps if _PRODUCT_SITEMAP_NAME.search(names[s]) and not _OTHER_SITEMAP_NAME.search(names[s])
    )
    return product_only or sitemaps


def _iter_entries(
    elements: "lxml.etree.iterparse[tuple[str, lxml.etree._Element]]", url: str
) -> Iterator[SitemapEntry]:
    for event, element in elements:
        if event != "end" or _local_name(element) not in _ENTRY_TAGS:
            continue
        fields: dict[str, str] = {}
        photos, translations = [], []
        for part in element:
            if part.get("hreflang"):
                translations.append((part.get("hreflang"), part.get("href") or ""))
            elif _local_name(part) == "link":
                # RSS and Atom, which the protocol of sitemaps allows.
                fields.setdefault("loc", (part.text or part.get("href") or "").strip())
            elif _local_name(part) == "image":
                photos += [(child.text or "").strip() for child in part if _local_name(child) == "loc"]
            else:
                fields.setdefault(_local_name(part), (part.text or "").strip())
        if page := urls.absolute_url(url, fields.get("loc", "")) if fields.get("loc") else None:
            photo_urls = (urls.absolute_url(page, photo) for photo in photos[:MAX_PHOTOS_PER_PAGE] if photo)
            yield SitemapEntry(
                page,
                fields.get("lastmod") or fields.get("updated", ""),
                tuple(dict.fromkeys(photo for photo in photo_urls if photo)),
                tuple(_iter_translations(translations[:MAX_TRANSLATIONS], url)),
            )
        # Free the element: a sitemap may have 50,000 entries.
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _iter_translations(links: Iterable[tuple[str, str]], url: str) -> Iterator[tuple[str, str]]:
    for code, href in links:
        target = urls.absolute_url(url, href) if href else None
        if target and urls.is_same_site(target, url):
            yield code, urls.canonicalize(target)


def _deduplicate(entries: Iterator[SitemapEntry]) -> Iterator[SitemapEntry]:
    """Yield each page once.

    A sitemap lists the addresses of pages, so a parameter in which two of its entries differ tells pages apart, even if
    it looks like a tracking parameter.
    """
    first_urls: dict[str, str] = {}
    seen = set()
    for entry in entries:
        canonical = urls.canonicalize(entry.url)
        first_url = first_urls.setdefault(canonical, entry.url)
        kept = identifying_params.collapsing_params(first_url, entry.url) if first_url != entry.url else frozenset()
        found = [entry._replace(url=urls.canonicalize(entry.url, kept))]
        if kept:
            found.insert(0, SitemapEntry(urls.canonicalize(first_url, kept)))
        for page in found:
            if page.url not in seen:
                seen.add(page.url)
                yield page


def _local_name(element: lxml.etree._Element) -> str:
    """Return the tag without its namespace; "" for a comment or processing instruction."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def add_sitemap_images(product: Product, image_urls: Iterable[str]) -> Product:
    """Append to the photos of `product` the images of the sitemap that it lacks, compared by file name."""
    known = {_image_name(photo.url) for photo in product.photos}
    added = []
    for url in image_urls:
        if _image_name(url) not in known:
            known.add(_image_name(url))
            added.append(PhotoLink(url=url))
    return replace(product, photos=(*product.photos, *added)) if added else product


def _image_name(url: str) -> str:
    """Return the file name in lower case without its size suffix, so that all sizes of one photo are equal."""
    return _IMAGE_SIZE_SUFFIX.sub("", unquote(urlsplit(url).path).rsplit("/", 1)[-1]).lower()
