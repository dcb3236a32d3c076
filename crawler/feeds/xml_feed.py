"""Product feeds in XML, read one item at a time in constant memory.

Google Merchant in RSS or Atom, RSS with media:content, Yandex YML, Heureka, Skroutz, Ceneo, PrestaShop's web service,
and any other feed whose items have elements of usual names.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from crawler.decoding.xml_stream import open_repaired_xml
from crawler.extract import flat_record
from crawler.extract.models import ExtractedProduct
from crawler.feeds import xml_dialects
from crawler.feeds.entries import OnBadRow, entry_to_product, ignore_bad_row
from crawler.feeds.xml_record import local_name
from weft.errors import ShopError

_ITEM_TAGS = frozenset({"item", "entry", "product", "offer", "shopitem", "o", "listing"})


def xml_products(
    source: Path | str | BinaryIO, base_url: str, on_bad_row: OnBadRow = ignore_bad_row
) -> Iterator[ExtractedProduct]:
    """Yield the products of a feed in XML.

    Items of one group have the same item id; `merge_variants` merges them. Errors that many shops make are mended
    first (see `crawler.decoding.xml_stream`); XML that is broken otherwise is read up to the error, which is reported
    as a bad row.

    Args:
        source: A path or an open binary stream, compressed with gzip or not.
        base_url: Relative URLs are resolved against it.
        on_bad_row: Called with each item that is not a product.

    Raises:
        ShopError: The feed cannot be read, declares entities of its own, or is not XML.
    """
    with open_repaired_xml(source, base_url if not isinstance(source, str | Path) else "") as stream:
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
        for number, record in enumerate(_iter_records(events, base_url)):
            yield from _record_products(record, base_url, f"item {number}", on_bad_row)
        for error in list(events.error_log)[:1]:
            on_bad_row(f"line {error.line}", f"the XML is broken here: {error.message}")


def _iter_records(events: Any, base_url: str) -> Iterator[dict[str, Any]]:
    """Yield each item of the feed as a record; elements are freed once they are read."""
    depth, item_depth = 0, 0
    dialect = xml_dialects.Dialect()
    try:
        for event, element in events:
            if event == "start":
                depth += 1
                if depth == 1:
                    dialect = xml_dialects.find_dialect(local_name(element))
                elif not item_depth and local_name(element) in _ITEM_TAGS:
                    item_depth = depth
                continue
            if item_depth == depth:
                yield dialect.read_item(element)
                item_depth = 0
            elif not item_depth:
                dialect.read_outside_items(element)
            if not item_depth:
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
            depth -= 1
    except etree.XMLSyntaxError as error:
        raise ShopError(f"{base_url}: cannot be read as XML: {error}") from error


def _record_products(
    record: dict[str, Any], base_url: str, row: str, on_bad_row: OnBadRow
) -> Iterator[ExtractedProduct]:
    """Yield the product of an item, or report the item as a bad row."""
    extracted, url = flat_record.read_record(record, base_url, "merchant")
    if not extracted.sku and not extracted.item_group_id and url == base_url:
        on_bad_row(row, "it has neither an id nor a link")
        return
    yield from entry_to_product(extracted, url, row, on_bad_row)
