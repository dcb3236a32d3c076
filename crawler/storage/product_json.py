"""Products as JSON, and the merge of several observations of one product."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from crawler.extract.choose_fields import merge_category_paths
from weft.contracts.product import Attribute, PhotoLink, Product

_IDENTIFIERS = ("sku", "gtin", "mpn", "group_id", "language")
_IN_STOCK = "InStock"


def product_to_json(product: Product) -> str:
    """Return `product` as one line of JSON."""
    return json.dumps(asdict(product), ensure_ascii=False)


def product_from_json(text: str) -> Product:
    """Return the product that `product_to_json` wrote."""
    values = json.loads(text)
    values["categories"] = tuple(values["categories"])
    values["attributes"] = tuple(Attribute(**attribute) for attribute in values["attributes"])
    values["photos"] = tuple(PhotoLink(**photo) for photo in values["photos"])
    return Product(**values)


def merge_observations(observations: Sequence[tuple[str, Product]], category_paths: Iterable[str]) -> Product:
    """Return one product from all pages that show it, independent of the order in which they were read.

    Args:
        observations: (page, product), at least one. A page that is its own canonical URL has precedence. If the pages
            state several colours, the product has no colour and each photo has the colour of its page.
        category_paths: Category paths of the listings that link to the product.
    """
    ordered = [product for page, product in sorted(observations, key=lambda s: (s[0] != s[1].url, s[0]))]
    colours = {product.colour for product in ordered if product.colour}
    photos: dict[str, PhotoLink] = {}
    for product in ordered:
        # The pages show the product in several colours: a photo has the colour of its page.
        page_colour = product.colour if len(colours) > 1 else None
        for photo in product.photos:
            if photo.url not in photos or photos[photo.url].colour is None:
                photos[photo.url] = PhotoLink(url=photo.url, colour=photo.colour or page_colour)
    return replace(
        ordered[0],
        description=next((p.description for p in ordered if p.description), ""),
        brand=next((p.brand for p in ordered if p.brand), None),
        colour=colours.pop() if len(colours) == 1 else None,
        categories=merge_category_paths([*category_paths, *(path for p in ordered for path in p.categories)]),
        attributes=tuple(dict.fromkeys(attribute for p in ordered for attribute in p.attributes)),
        photos=tuple(photos.values()),
        **_choose_identifiers_and_offer(ordered),
    )


def _choose_identifiers_and_offer(products: Sequence[Product]) -> dict[str, Any]:
    """Return the first value of each identifier, the first price, and the availability.

    A product is in stock if one of its variants is.
    """
    priced = next((product for product in products if product.price), products[0])
    availabilities = [product.availability for product in products if product.availability]
    return {
        **{name: next(filter(None, (getattr(p, name) for p in products)), None) for name in _IDENTIFIERS},
        "price": priced.price,
        "currency": priced.currency,
        "availability": _IN_STOCK if _IN_STOCK in availabilities else next(iter(availabilities), None),
    }
