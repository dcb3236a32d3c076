"""Extract the product of a Magento page: the cart form, the gallery, and the photos of each colour swatch."""

import json
from collections.abc import Iterator
from typing import Any

from crawler.extract.models import ExtractedFields
from crawler.page.document import Document, clean_text
from crawler.values import labelled_values
from weft.contracts.product import PhotoLink

_GALLERY_WIDGET = "mage/gallery/gallery"
_SWATCHES_WIDGET = "Magento_Swatches/js/swatch-renderer"
_CONFIGURABLE_WIDGET = "configurable"
_COLOUR_CODES = ("color", "colour")
_CART_FORM_XPATH = "//form[@id='product_addtocart_form']"


def extract_magento(document: Document) -> ExtractedFields:
    """Extract ids and photos: those of the gallery first, then those of each colour, with the colour if it is known."""
    extracted = ExtractedFields(source="magento")
    if "x-magento-init" not in document.html and "product_addtocart_form" not in document.html:
        return extracted
    _read_form(document, extracted)
    gallery_photos: list[PhotoLink] = []
    colour_photos: list[PhotoLink] = []
    for script in document.tree.xpath("//script[@type='text/x-magento-init']"):
        for name, widget in _iter_widgets(script.text or ""):
            if name == _GALLERY_WIDGET:
                extracted.is_product = True
                gallery_photos += (PhotoLink(url=url) for url in _image_urls(widget.get("data"), document))
            elif name in (_SWATCHES_WIDGET, _CONFIGURABLE_WIDGET):
                colour_photos += _iter_colour_photos(widget.get("jsonConfig") or widget.get("spConfig"), document)
    colours = {photo.url: photo.colour for photo in colour_photos if photo.colour}
    photos = dict.fromkeys(photo.url for photo in (*gallery_photos, *colour_photos))
    extracted.photos = tuple(PhotoLink(url=url, colour=colours.get(url)) for url in photos)
    distinct_colours = set(colours.values())
    if len(distinct_colours) == 1:
        extracted.colour = distinct_colours.pop() or ""
    return extracted


def _read_form(document: Document, extracted: ExtractedFields) -> None:
    """Read the product id and the SKU from the add-to-cart form into `extracted`."""
    for form in document.tree.xpath(_CART_FORM_XPATH)[:1]:
        numbers = form.xpath(".//input[@name='product']/@value")
        extracted.platform_id = next(filter(str.isdigit, numbers), "")
        extracted.parent_sku = extracted.sku = clean_text(form.get("data-product-sku"))
        extracted.is_product = bool(numbers)


def _iter_widgets(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each (component, settings) of one text/x-magento-init script: {selector: {component: settings}}."""
    try:
        selectors = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return
    for widgets in selectors.values() if isinstance(selectors, dict) else ():
        for name, settings in widgets.items() if isinstance(widgets, dict) else ():
            if isinstance(settings, dict):
                yield name, settings


def _iter_colour_photos(config: Any, document: Document) -> Iterator[PhotoLink]:
    if not isinstance(config, dict) or not isinstance(config.get("images"), dict):
        return
    colours = dict(_child_colours(config.get("attributes")))
    for child, images in config["images"].items():
        for url in _image_urls(images, document):
            yield PhotoLink(url=url, colour=colours.get(str(child)))


def _child_colours(attributes: Any) -> Iterator[tuple[str, str]]:
    """Yield (id of the child product, label) of each option of the colour attribute."""
    for attribute in attributes.values() if isinstance(attributes, dict) else ():
        if not isinstance(attribute, dict) or not _is_colour_attribute(attribute):
            continue
        for option in attribute.get("options") or ():
            if isinstance(option, dict) and (label := clean_text(option.get("label"))):
                for child in option.get("products") or ():
                    yield str(child), label


def _is_colour_attribute(attribute: dict[str, Any]) -> bool:
    return attribute.get("code") in _COLOUR_CODES or labelled_values.is_colour_label(clean_text(attribute.get("label")))


def _image_urls(images: Any, document: Document) -> Iterator[str]:
    """Yield the largest version of each image in the order of `position`; videos are skipped."""
    still = [i for i in images or () if isinstance(i, dict) and i.get("type", "image") == "image"]
    still.sort(key=lambda image: int(p) if (p := str(image.get("position") or "")).isdigit() else 0)
    for image in still:
        if url := document.resolve_href(image.get("full") or image.get("img") or image.get("thumb")):
            yield url
