"""Google Merchant feeds: RSS 2.0 or Atom with g: elements, read one item at a time in constant memory."""

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
    """Yield one product per item of the feed.

    Items with the same item_group_id have the same item id; `merge_variants` merges them. A document type declaration
    is refused, so that no entity can expand or be fetched. Broken XML is read up to the error, which is reported as a
    bad row.

    Args:
        source: A path or an open binary stream, compressed with gzip or not.
        base_url: Relative URLs are resolved against it.
        on_bad_row: Called with each item that is not a product.

    Raises:
        ShopError: The feed cannot be read, has a document type declaration, or is not XML.
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
            on_bad_row(f"line {error.line}", f"the XML is broken here: {error.message}")


def _iter_records(events: Any, base_url: str) -> Iterator[dict[str, Any]]:
    """Yield each item of the feed as a record; elements are freed once they are read."""
    depth, item_depth = 0, 0
    try:
        for event, element in events:
            if event == "start":
                if depth == 0 and element.getroottree().docinfo.doctype:
                    raise ShopError(
                        f"{base_url}: expected a feed, got XML with a document type declaration, which is refused"
                    )
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
    """Convert an item to a mapping of names to values.

    A g: element wins over a plain one of the same name; a product_detail becomes an attribute.
    """
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
        # The plain id of Atom is a URL, so it must not win over g:id.
        fields.setdefault(name, values)
    return {**fields, "attributes": details}


def _entry_product(entry: dict[str, Any], base_url: str, row: str, on_bad_row: OnBadRow) -> Iterator[ExtractedProduct]:
    extracted = flat_record.extract_fields(entry, base_url, "merchant")
    url = flat_record.product_url(entry, base_url)
    if not extracted.sku and not extracted.item_group_id and url == base_url:
        on_bad_row(row, "it has neither an id nor a link")
        return
    yield from entry_to_product(extracted, url, row, on_bad_row)
