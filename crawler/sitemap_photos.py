"""The photos that a sitemap names beside a product's page (image:image), where the page itself does not show them."""

import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from weft.contracts.product import PhotoLink, Product

_IMAGE_SIZE_SUFFIX = re.compile(
    r"[-_](?:\d{2,4}x\d{0,4}|x\d{2,4}|large|medium|small|grande|thumb)(?=\.\w+$)", re.IGNORECASE
)


def add_sitemap_images(product: Product, image_urls: Iterable[str]) -> Product:
    """`product` with the photos `named` that it lacks after its own; a photo is known by the name of its file."""
    known = {_image_name(photo.url) for photo in product.photos}
    added = []
    for url in image_urls:
        if _image_name(url) not in known:
            known.add(_image_name(url))
            added.append(PhotoLink(url=url))
    return replace(product, photos=(*product.photos, *added)) if added else product


def _image_name(url: str) -> str:
    return _IMAGE_SIZE_SUFFIX.sub("", unquote(urlsplit(url).path).rsplit("/", 1)[-1]).lower()
