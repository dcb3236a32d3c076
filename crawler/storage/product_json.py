"""Products as JSON, and the merge of several observations of one product."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from crawler.extract.choose_fields import merge_category_paths
from crawler.values import labelled_values
from crawler.values.variant_names import (
    is_variant_name,
    name_core,
    name_without_variant,
    text_of_core,
    variant_values,
)
from weft.contracts.product import Attribute, PhotoLink, Product

_IDENTIFIERS = ("sku", "gtin", "mpn", "group_id", "language")
_IN_STOCK = "InStock"
_VARIANT_NUMBERS = ("gtin", "mpn", "sku", "reference")
Observations = Sequence[tuple[str, Product]]
"""(page, product) of each page that shows one product."""


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


def sort_observations(observations: Observations) -> list[tuple[str, Product]]:
    """Return (page, product) sorted by page, those pages first that are the canonical URLs of their products."""
    return sorted(observations, key=lambda s: (s[0] != s[1].url, s[0]))


def split_languages(observations: Observations) -> tuple[list[tuple[str, Product]], list[tuple[str, Product]]]:
    """Return the observations in the language of the first one or in an unknown language, and the translations."""
    language = observations[0][1].language
    is_same = [not language or product.language in (language, None) for _, product in observations]
    return (
        [observation for observation, same in zip(observations, is_same, strict=True) if same],
        [observation for observation, same in zip(observations, is_same, strict=True) if not same],
    )


def merge_observations(observations: Observations, category_paths: Iterable[str]) -> Product:
    """Return one product from all pages that show it.

    Args:
        observations: (page, product), at least one, in the order of precedence. The texts are those of the first page
            and of the other pages in its language. If the pages state several colours, the product has no colour, and
            each photo has the colour of its page.
        category_paths: Category paths of the listings that link to the product.
    """
    same_language, other_languages = split_languages(observations)
    ordered, translations = ([product for _, product in part] for part in (same_language, other_languages))
    colours = sorted({product.colour for product in ordered if product.colour})
    has_several_colours = len(colours) > 1
    is_family = len({product.product_id for product in ordered}) > 1
    title = _common_title(ordered) if is_family else ordered[0].title
    paths = [*category_paths, *(path for p in ordered for path in p.categories)]
    attributes = list(dict.fromkeys(attribute for p in ordered for attribute in p.attributes))
    return replace(
        ordered[0],
        title=title,
        description=next((p.description for p in ordered if p.description), ""),
        brand=next((p.brand for p in ordered if p.brand), None),
        colour=colours[0] if len(colours) == 1 else None,
        categories=merge_category_paths(paths, product_title=title if is_family else ""),
        attributes=_attributes_of_family(attributes, colours) if is_family else tuple(attributes),
        photos=_merge_photos(ordered, translations, has_several_colours=has_several_colours),
        **_choose_identifiers_and_offer([*ordered, *translations]),
    )


def _common_title(products: Sequence[Product]) -> str:
    """Return the title of the first product, without its colour and size if the others differ from it only in these."""
    first = products[0]
    values = tuple(variant_values(first.colour, ((a.name, a.value) for a in first.attributes)))
    stem = name_without_variant(first.title, values)
    has_siblings = any(p.title != first.title and is_variant_name(p.title, stem, ()) for p in products)
    if has_siblings and all(p.title.startswith(stem) for p in products):
        return stem
    # "Navy linen shirt" and "Rust linen shirt" are in two colours of a linen shirt.
    cores = {name_core(p.title, variant_values(p.colour, ((a.name, a.value) for a in p.attributes))) for p in products}
    is_one_name = len(cores) == 1 and () not in cores and any(p.title != first.title for p in products)
    return text_of_core(first.title, values) if is_one_name else first.title


def _attributes_of_family(attributes: Sequence[Attribute], colours: Sequence[str]) -> tuple[Attribute, ...]:
    """Return the attributes without what differs from size to size, and with all colours."""
    values_by_name: defaultdict[str, set[str]] = defaultdict(set)
    for attribute in attributes:
        values_by_name[attribute.name].add(attribute.value)
    kept = [a for a in attributes if len(values_by_name[a.name]) == 1 or not _tells_variant(a.name)]
    known = {attribute.value.casefold() for attribute in kept}
    missing = [colour for colour in colours if colour.casefold() not in known] if len(colours) > 1 else []
    return (*kept, *(Attribute(name="Colour", value=colour) for colour in missing))


def _tells_variant(name: str) -> bool:
    return labelled_values.is_size_label(name) or labelled_values.classify_label(name) in _VARIANT_NUMBERS


def _merge_photos(
    products: Sequence[Product], translations: Sequence[Product], *, has_several_colours: bool
) -> tuple[PhotoLink, ...]:
    """Return each photo once, with the colour that the shop states for it.

    If the pages show the product in several colours, a photo has the colour of its page, unless pages of other colours
    show it too.
    """
    stated: dict[str, str | None] = {}
    page_colours: defaultdict[str, set[str]] = defaultdict(set)
    for product in products:
        for photo in product.photos:
            stated[photo.url] = stated.get(photo.url) or photo.colour
            if product.colour and has_several_colours:
                page_colours[photo.url].add(product.colour)
    for photo in (photo for product in translations for photo in product.photos):
        stated.setdefault(photo.url, None)
    return tuple(
        PhotoLink(url=url, colour=colour or (next(iter(found)) if len(found := page_colours[url]) == 1 else None))
        for url, colour in stated.items()
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
