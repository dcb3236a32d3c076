"""Magento's galleries: views in text/x-magento-init scripts, and the views of each colour in its swatches."""

import json
from collections.abc import Iterator
from typing import Any

from crawler.extract import labels
from crawler.extract.document import Document, said
from crawler.extract.layer import Layer
from weft.contracts.product import PhotoLink

_GALLERY = "mage/gallery/gallery"
_SWATCHES = "Magento_Swatches/js/swatch-renderer"
_CONFIGURABLE = "configurable"
_COLOUR_CODES = ("color", "colour")
_FORM = "//form[@id='product_addtocart_form']"


def read(document: Document) -> Layer:
    """The photos of the page's gallery, then those of each colour, each with its colour where one is told."""
    layer = Layer(name="magento")
    if "x-magento-init" not in document.html and "product_addtocart_form" not in document.html:
        return layer
    _read_form(document, layer)
    views: list[PhotoLink] = []
    of_colours: list[PhotoLink] = []
    for script in document.tree.xpath("//script[@type='text/x-magento-init']"):
        for name, widget in _widgets(script.text or ""):
            if name == _GALLERY:
                layer.is_product = True
                views += (PhotoLink(url=url) for url in _urls(widget.get("data"), document))
            elif name in (_SWATCHES, _CONFIGURABLE):
                of_colours += _colour_views(widget.get("jsonConfig") or widget.get("spConfig"), document)
    colours = {photo.url: photo.colour for photo in of_colours if photo.colour}
    photos = dict.fromkeys(photo.url for photo in (*views, *of_colours))
    layer.photos = tuple(PhotoLink(url=url, colour=colours.get(url)) for url in photos)
    shown = set(colours.values())
    if len(shown) == 1:
        layer.colour = shown.pop() or ""
    return layer


def _read_form(document: Document, layer: Layer) -> None:
    """The form that puts the product into the cart names it by number and by sku."""
    for form in document.tree.xpath(_FORM)[:1]:
        numbers = form.xpath(".//input[@name='product']/@value")
        layer.platform_id = next(filter(str.isdigit, numbers), "")
        layer.parent_sku = layer.sku = said(form.get("data-product-sku"))
        layer.is_product = bool(numbers)


def _widgets(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every (component, settings) of one script: {selector: {component: settings}}."""
    try:
        selectors = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return
    for widgets in selectors.values() if isinstance(selectors, dict) else ():
        for name, settings in widgets.items() if isinstance(widgets, dict) else ():
            if isinstance(settings, dict):
                yield name, settings


def _colour_views(config: Any, document: Document) -> Iterator[PhotoLink]:
    if not isinstance(config, dict) or not isinstance(config.get("images"), dict):
        return
    colours = dict(_colour_of_child(config.get("attributes")))
    for child, images in config["images"].items():
        for url in _urls(images, document):
            yield PhotoLink(url=url, colour=colours.get(str(child)))


def _colour_of_child(attributes: Any) -> Iterator[tuple[str, str]]:
    """(child product id, label) for every option of the colour attribute."""
    for attribute in attributes.values() if isinstance(attributes, dict) else ():
        if not isinstance(attribute, dict) or not _is_colour(attribute):
            continue
        for option in attribute.get("options") or ():
            if isinstance(option, dict) and (label := said(option.get("label"))):
                for child in option.get("products") or ():
                    yield str(child), label


def _is_colour(attribute: dict[str, Any]) -> bool:
    return attribute.get("code") in _COLOUR_CODES or labels.is_colour(said(attribute.get("label")))


def _urls(images: Any, document: Document) -> Iterator[str]:
    """The largest form of each still image, in the order of `position`."""
    still = [i for i in images or () if isinstance(i, dict) and i.get("type", "image") == "image"]
    still.sort(key=lambda image: int(p) if (p := str(image.get("position") or "")).isdigit() else 0)
    for image in still:
        if url := document.absolute(image.get("full") or image.get("img") or image.get("thumb")):
            yield url
