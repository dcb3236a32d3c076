"""The photos that a sitemap names beside a product's page (image:image), where the page itself does not show them."""

import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from weft.contracts.product import PhotoLink, Product

_SIZE = re.compile(r"[-_](?:\d{2,4}x\d{0,4}|x\d{2,4}|large|medium|small|grande|thumb)(?=\.\w+$)", re.IGNORECASE)


def supplement(product: Product, named: Iterable[str]) -> Product:
    """`product` with the photos `named` that it lacks after its own; a photo is known by the name of its file."""
    known = {_name(photo.url) for photo in product.photos}
    more = []
    for url in named:
        if _name(url) not in known:
            known.add(_name(url))
            more.append(PhotoLink(url=url))
    return replace(product, photos=(*product.photos, *more)) if more else product


def _name(url: str) -> str:
    return _SIZE.sub("", unquote(urlsplit(url).path).rsplit("/", 1)[-1]).lower()
