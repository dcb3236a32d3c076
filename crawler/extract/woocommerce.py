"""WooCommerce's page: the gallery's data attributes, and the variations that its form carries as JSON."""

import json
import re
from collections.abc import Iterator
from typing import Any

from crawler.extract import labels
from crawler.extract.document import Document, said, squeeze
from crawler.extract.layer import Layer
from weft.contracts.product import PhotoLink

_POST = re.compile(r"(?:^|\s)postid-(\d+)(?:\s|$)")
_LARGEST = 4_000_000


def read(document: Document) -> Layer:
    """The product's id, its gallery, and the photos of each colour with that colour."""
    layer = Layer(name="woocommerce")
    if "woocommerce" not in document.html and "single-product" not in document.html:
        return layer
    body = document.tree.find("body")
    names = body.get("class") or "" if body is not None else ""
    forms = document.tree.xpath("//form[contains(@class, 'variations_form') or contains(@class, 'cart')]")
    if not forms and "single-product" not in names:
        return layer
    post = _POST.search(names) if "single-product" in names else None
    layer.is_product = bool(post)
    layer.platform_id = post[1] if post else ""
    variations = [variation for form in forms[:1] for variation in _variations(form)]
    for form in forms[:1]:
        sent = form.xpath(".//*[@name='add-to-cart']/@value") + form.xpath("@data-product_id")
        number = next(filter(str.isdigit, sent), "")
        layer.platform_id = layer.platform_id or number
    images = document.tree.xpath("//*[contains(@class, 'woocommerce-product-gallery__image')]")
    gallery = [url for image in images if (url := _full(image, document))]
    coloured = [link for variation in variations for link in _links(variation, forms[0], document)]
    colours = {link.url: link.colour for link in coloured if link.colour}
    urls = dict.fromkeys((*gallery, *(link.url for link in coloured)))
    layer.photos = tuple(PhotoLink(url=url, colour=colours.get(url)) for url in urls)
    return layer


def _full(image: Any, document: Document) -> str | None:
    links = image.xpath(".//@data-large_image") + image.xpath(".//a/@href") + image.xpath(".//img/@src")
    return next(filter(None, map(document.absolute, links)), None)


def _variations(form: Any) -> list[dict[str, Any]]:
    text = form.get("data-product_variations") or ""
    if not text or len(text) > _LARGEST:
        return []
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return []
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _links(variation: dict[str, Any], form: Any, document: Document) -> Iterator[PhotoLink]:
    image = variation.get("image")
    if not isinstance(image, dict):
        return
    links = (document.absolute(image.get(key)) for key in ("full_src", "url", "src"))
    if url := next(filter(None, links), None):
        yield PhotoLink(url=url, colour=_colour(variation.get("attributes"), form))


def _colour(attributes: Any, form: Any) -> str | None:
    """The colour of a variation as its menu shows it: attribute_pa_color=dark-blue is "Dark blue"."""
    for name, value in attributes.items() if isinstance(attributes, dict) else ():
        bare = str(name).removeprefix("attribute_").removeprefix("pa_").replace("-", " ")
        if labels.is_colour(bare) and said(value):
            options = form.xpath(".//select[@name=$name]//option[@value=$value]", name=str(name), value=str(value))
            return squeeze(options[0].text_content()) if options else said(value)
    return None
