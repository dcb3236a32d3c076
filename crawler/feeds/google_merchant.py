"""Google Merchant feeds, RSS 2.0 and Atom with g: names, item by item: memory does not grow with the feed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from crawler.extract.models import ExtractedProduct
from crawler.feeds import flat_record
from crawler.feeds.byte_stream import open_limited
from crawler.feeds.flat_record import OnBadRow, entry_to_product, ignore_bad_row
from weft.errors import ShopError

_ITEM_TAGS = frozenset({"item", "entry", "product", "offer"})
_GOOGLE_NAMESPACE = "http://base.google.com/ns/1.0"
_PLAIN_TAGS = frozenset({"title", "link", "description", "id", "summary", "content"})


def merchant_products(
    source: Path | str | BinaryIO, base_url: str, on_bad_row: OnBadRow = ignore_bad_row
) -> Iterator[ExtractedProduct]:
    """One product per item of the feed; items of one item_group_id have one item id (see `collapse`).

    The feed may be gzip. A document type is refused, so that no entity can grow or fetch anything; XML that breaks
    off is read as far as it goes, and the break is told to `refuse`.

    Args:
        source: A path or an open binary stream.
        base_url: Relative links start here.
        refuse: Told of each item that is no product.

    Raises:
        ShopError: It cannot be read, carries a document type, or is no XML.
    """
    with open_limited(source, base_url if not isinstance(source, str | Path) else "") as stream:
        events = etree.iterparse(
            stream,
            events=("start", "end"),
            recover=True,
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        for number, entry in enumerate(_iter_records(events, base_url)):
            yield from _entry_product(entry, base_url, f"item {number}", on_bad_row)
        for error in list(events.error_log)[:1]:
            on_bad_row(f"line {error.line}", f"the XML is broken there: {error.message}")


def _iter_records(events: Any, base_url: str) -> Iterator[dict[str, Any]]:
    """The items of the feed as records; what was read is let go of."""
    depth, item_depth = 0, 0
    try:
        for event, element in events:
            if event == "start":
                if depth == 0 and element.getroottree().docinfo.doctype:
                    raise ShopError(f"{base_url}: carries a document type, which no feed needs; it is refused")
                depth += 1
                if not item_depth and depth > 1 and _local_name(element) in _ITEM_TAGS:
                    item_depth = depth
                continue
            if item_depth == depth:
                yield _to_record(element)
                item_depth = 0
            if not item_depth:
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
            depth -= 1
    except etree.XMLSyntaxError as error:
        raise ShopError(f"{base_url}: cannot be read as XML: {error}") from error


def _local_name(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _to_record(item: Any) -> dict[str, Any]:
    """An item as names and values; g:title before title, a nested detail as its own name and value."""
    fields: dict[str, list[str]] = {}
    plain: dict[str, list[str]] = {}
    details: list[dict[str, str]] = []
    for child in item:
        name = _local_name(child)
        if name == "product_detail":
            parts = {_local_name(part): (part.text or "").strip() for part in child}
            details.append({"name": parts.get("attribute_name", ""), "value": parts.get("attribute_value", "")})
            continue
        text = "".join(child.itertext()).strip() or (child.get("href") or "" if name == "link" else "")
        if name == "link" and child.get("rel") not in (None, "alternate"):
            continue
        is_google = isinstance(child.tag, str) and (
            child.tag.startswith(f"{{{_GOOGLE_NAMESPACE}}}") or child.prefix == "g"
        )
        target = fields if is_google or name not in _PLAIN_TAGS else plain
        target.setdefault(name, []).append(text)
    for name, values in plain.items():
        # Atom's own id is an address; it never wins over g:id.
        fields.setdefault(name, values)
    return {**fields, "attributes": details}


def _entry_product(entry: dict[str, Any], base_url: str, row: str, on_bad_row: OnBadRow) -> Iterator[ExtractedProduct]:
    extracted = flat_record.extract_fields(entry, base_url, "merchant")
    url = flat_record.product_url(entry, base_url)
    if not extracted.sku and not extracted.item_group_id and url == base_url:
        on_bad_row(row, "it has neither an id nor a link")
        return
    yield from entry_to_product(extracted, url, row, on_bad_row)
