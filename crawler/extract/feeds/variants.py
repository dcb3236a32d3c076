"""Entries of one item joined: sizes collapse, colours share the item and each photo keeps its own."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from crawler.extract.fields import union_of_trails
from crawler.extract.found import Found, Told
from weft.contracts.product import PhotoLink


def collapse(read: Callable[[], Iterable[Found]]) -> Iterator[Found]:
    """The products of a feed, each item once, at the place of its last entry.

    The feed is read twice, to count the entries of each item first, so that only items which are not yet complete
    are held: memory grows with the ids, not with the texts.

    Args:
        read: Reads the feed from its beginning.
    """
    left = Counter(found.item_id.value for found in read())
    open_items: dict[str, list[Found]] = {}
    for found in read():
        key = found.item_id.value
        open_items.setdefault(key, []).append(found)
        left[key] -= 1
        if left[key] == 0:
            yield join(open_items.pop(key))


def join(entries: Sequence[Found]) -> Found:
    """One product of all entries of one item, in their order; at least one.

    Where they tell several colours the product has none of its own, and each photo the colour of its entry.
    """
    if len(entries) == 1:
        return entries[0]
    colours = {entry.colour.value for entry in entries if entry.colour}
    photos: dict[str, Told[PhotoLink]] = {}
    for entry in entries:
        shown = entry.colour.value if entry.colour and len(colours) > 1 else None
        for photo in entry.photos:
            link = photo.value
            if link.url not in photos or photos[link.url].value.colour is None:
                photos[link.url] = Told(PhotoLink(url=link.url, colour=link.colour or shown), photo.layer)
    told = {path.value: path.layer for entry in reversed(entries) for path in entry.categories}
    return replace(
        entries[0],
        description=max((e.description for e in entries if e.description), key=lambda d: len(d.value), default=None),
        brand=next((e.brand for e in entries if e.brand), None),
        colour=entries[0].colour or next((e.colour for e in entries if e.colour), None) if len(colours) == 1 else None,
        categories=tuple(Told(path, told[path]) for path in union_of_trails(told)),
        attributes=tuple(dict.fromkeys(attribute for e in entries for attribute in e.attributes)),
        photos=tuple(photos.values()),
    )
