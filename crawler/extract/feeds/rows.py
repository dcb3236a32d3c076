"""What all feeds share: how a bad row is told, and how one entry becomes a product."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from crawler.discover import urls
from crawler.extract.found import ExtractedProduct
from crawler.extract.layer import ExtractedFields
from crawler.extract.merge import combine_fields
from weft.errors import ShopError

OnBadRow = Callable[[str, str], None]
"""Told (row, reason) of each entry that is no product: ("item 7", "it has no title")."""

NO_TITLE = "it has no title"
NOT_A_MAPPING = "it is no mapping of names to values"


def ignore_bad_row(row: str, reason: str) -> None:
    """Refuse silently."""


def entry_to_product(
    extracted: ExtractedFields, url: str, row: str, on_bad_row: OnBadRow
) -> Iterator[ExtractedProduct]:
    """The product of one entry, at most one."""
    extracted.is_product = True
    found = combine_fields([extracted], urls.canonicalize(url))
    if found is None:
        on_bad_row(row, NO_TITLE)
    else:
        yield found


def decode_json(body: bytes, base_url: str, expected: str) -> Any:
    """The JSON in `body`.

    Raises:
        ShopError: It is none.
    """
    try:
        return json.loads(body.decode("utf-8-sig", errors="replace"), strict=False)
    except (ValueError, RecursionError) as error:
        raise ShopError(f"{base_url}: cannot be read as JSON ({error}); wanted {expected}") from error
