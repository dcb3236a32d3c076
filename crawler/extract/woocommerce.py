"""Extract the product of a WooCommerce page: its id, its gallery, and the variations in its form."""

import json
import re
from collections.abc import Iterator
from typing import Any

from crawler.extract.models import ExtractedFields
from crawler.page.document import Document, clean_text, collapse_whitespace
from crawler.values import labelled_values
from weft.contracts.product import PhotoLink

_POST_ID = re.compile(r"(?:^|\s)postid-(\d+)(?:\s|$)")
_MAX_VARIATIONS_LENGTH = 4_000_000


def extract_woocommerce(document: Document) -> ExtractedFields:
    """Extract the product id, the photos of the gallery, and those of each variation with their colour."""
    extracted = ExtractedFields(source="woocommerce")
    if "woocommerce" not in document.html and "single-product" not in document.html:
        return extracted
    body = document.tree.find("body")
    names = body.get("class") or "" if body is not None else ""
    forms = document.tree.xpath("//form[contains(@class, 'variations_form') or contains(@class, 'cart')]")
    if not forms and "single-product" not in names:
        return extracted
    post = _POST_ID.search(names) if "single-product" in names else None
    extracted.is_product = bool(post)
    extracted.platform_id = post[1] if post else ""
    variations = [variation for form in forms[:1] for variation in _parse_variations(form)]
    for form in forms[:1]:
        product_ids = form.xpath(".//*[@name='add-to-cart']/@value") + form.xpath("@data-product_id")
        product_id = next(filter(str.isdigit, product_ids), "")
        extracted.platform_id = extracted.platform_id or product_id
    images = document.tree.xpath("//*[contains(@class, 'woocommerce-product-gallery__image')]")
    gallery_urls = [url for image in images if (url := _full_size_url(image, document))]
    options = _option_texts(forms[0]) if variations else {}
    variation_photos = [link for variation in variations for link in _variation_photos(variation, options, document)]
    colours = {link.url: link.colour for link in variation_photos if link.colour}
    urls = dict.fromkeys((*gallery_urls, *(link.url for link in variation_photos)))
    extracted.photos = tuple(PhotoLink(url=url, colour=colours.get(url)) for url in urls)
    return extracted


def _full_size_url(image: Any, document: Document) -> str | None:
    links = image.xpath(".//@data-large_image") + image.xpath(".//a/@href") + image.xpath(".//img/@src")
    return next(filter(None, map(document.resolve_href, links)), None)


def _parse_variations(form: Any) -> list[dict[str, Any]]:
    text = form.get("data-product_variations") or ""
    if not text or len(text) > _MAX_VARIATIONS_LENGTH:
        return []
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return []
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _option_texts(form: Any) -> dict[tuple[str, str], str]:
    """Return the text of each option by the name of its menu and its value."""
    return {
        (select.get("name"), option.get("value")): collapse_whitespace(option.text_content())
        for select in form.iter("select")
        for option in select.iter("option")
    }


def _variation_photos(
    variation: dict[str, Any], options: dict[tuple[str, str], str], document: Document
) -> Iterator[PhotoLink]:
    image = variation.get("image")
    if not isinstance(image, dict):
        return
    links = (document.resolve_href(image.get(key)) for key in ("full_src", "url", "src"))
    if url := next(filter(None, links), None):
        yield PhotoLink(url=url, colour=_colour(variation.get("attributes"), options))


def _colour(attributes: Any, options: dict[tuple[str, str], str]) -> str | None:
    """Return the colour of a variation as the menu shows it: "Dark blue" for attribute_pa_color=dark-blue."""
    for name, value in attributes.items() if isinstance(attributes, dict) else ():
        bare = str(name).removeprefix("attribute_").removeprefix("pa_").replace("-", " ")
        if labelled_values.is_colour_label(bare) and clean_text(value):
            return options.get((str(name), str(value))) or clean_text(value)
    return None
