"""Merge the entries of one item: all sizes and colours become one product, and each photo keeps its colour."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from crawler.extract.choose_fields import merge_category_paths
from crawler.extract.models import ExtractedProduct, SourcedValue
from weft.contracts.product import PhotoLink

_FIRST_VALUES = ("brand", "sku", "gtin", "mpn", "group_id", "price", "currency", "language")
"""The fields of which the first entry that has one gives the value."""


def merge_variants(read_feed: Callable[[], Iterable[ExtractedProduct]]) -> Iterator[ExtractedProduct]:
    """Yield each item of a feed once, at the position of its last entry.

    The feed is read twice. The first pass counts the entries of each item, so that the second one holds only
    incomplete items: memory grows with the number of ids, not with the texts.

    Args:
        read_feed: Reads the feed from its start; called twice.
    """
    remaining = Counter(entry.item_id.value for entry in read_feed())
    pending: dict[str, list[ExtractedProduct]] = {}
    for entry in read_feed():
        key = entry.item_id.value
        pending.setdefault(key, []).append(entry)
        remaining[key] -= 1
        if remaining[key] == 0:
            yield merge_entries(pending.pop(key))


def merge_entries(entries: Sequence[ExtractedProduct]) -> ExtractedProduct:
    """Merge the entries of one item, at least one, in the order of the feed.

    If the entries have several colours, the product has no colour and each photo has the colour of its entry.
    """
    if len(entries) == 1:
        return entries[0]
    colours = {entry.colour.value for entry in entries if entry.colour}
    photos: dict[str, SourcedValue[PhotoLink]] = {}
    for entry in entries:
        entry_colour = entry.colour.value if entry.colour and len(colours) > 1 else None
        for photo in entry.photos:
            link = photo.value
            if link.url not in photos or photos[link.url].value.colour is None:
                photos[link.url] = SourcedValue(
                    PhotoLink(url=link.url, colour=link.colour or entry_colour), photo.source
                )
    source_by_path = {path.value: path.source for entry in reversed(entries) for path in entry.categories}
    return replace(
        entries[0],
        description=max((e.description for e in entries if e.description), key=lambda d: len(d.value), default=None),
        **_first_values(entries),
        colour=entries[0].colour or next((e.colour for e in entries if e.colour), None) if len(colours) == 1 else None,
        categories=tuple(SourcedValue(path, source_by_path[path]) for path in merge_category_paths(source_by_path)),
        attributes=tuple(dict.fromkeys(attribute for e in entries for attribute in e.attributes)),
        photos=tuple(photos.values()),
    )


def _first_values(entries: Sequence[ExtractedProduct]) -> dict[str, Any]:
    """Return the first value of each field; a product is available if one of its entries is."""
    stated = [entry.availability for entry in entries if entry.availability]
    return {
        **{name: next(filter(None, (getattr(e, name) for e in entries)), None) for name in _FIRST_VALUES},
        "availability": next((value for value in stated if value.value == "InStock"), next(iter(stated), None)),
    }
