"""Entries of one item joined: sizes collapse, colours share the item and each photo keeps its own."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from crawler.extract.choose_fields import merge_category_paths
from crawler.extract.models import ExtractedProduct, SourcedValue
from weft.contracts.product import PhotoLink


def merge_variants(read_feed: Callable[[], Iterable[ExtractedProduct]]) -> Iterator[ExtractedProduct]:
    """The products of a feed, each item once, at the place of its last entry.

    The feed is read twice, to count the entries of each item first, so that only items which are not yet complete
    are held: memory grows with the ids, not with the texts.

    Args:
        read: Reads the feed from its beginning.
    """
    remaining = Counter(found.item_id.value for found in read_feed())
    pending: dict[str, list[ExtractedProduct]] = {}
    for found in read_feed():
        key = found.item_id.value
        pending.setdefault(key, []).append(found)
        remaining[key] -= 1
        if remaining[key] == 0:
            yield merge_entries(pending.pop(key))


def merge_entries(entries: Sequence[ExtractedProduct]) -> ExtractedProduct:
    """One product of all entries of one item, in their order; at least one.

    Where they tell several colours the product has none of its own, and each photo the colour of its entry.
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
        brand=next((e.brand for e in entries if e.brand), None),
        colour=entries[0].colour or next((e.colour for e in entries if e.colour), None) if len(colours) == 1 else None,
        categories=tuple(SourcedValue(path, source_by_path[path]) for path in merge_category_paths(source_by_path)),
        attributes=tuple(dict.fromkeys(attribute for e in entries for attribute in e.attributes)),
        photos=tuple(photos.values()),
    )
