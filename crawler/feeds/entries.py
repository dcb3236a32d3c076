"""How an entry of a feed becomes a product, and how an entry that is none is reported."""

from collections.abc import Callable, Iterator

from crawler.discover import urls
from crawler.extract.combine import combine_fields
from crawler.extract.models import ExtractedFields, ExtractedProduct

OnBadRow = Callable[[str, str], None]
"""Called with (row, reason) for each entry that is not a product: ("item 7", "it has no title")."""

NO_TITLE = "it has no title"
NOT_A_MAPPING = "it is not a mapping of names to values"


def ignore_bad_row(row: str, reason: str) -> None:
    """Ignore an entry that is not a product."""


def entry_to_product(
    extracted: ExtractedFields, url: str, row: str, on_bad_row: OnBadRow
) -> Iterator[ExtractedProduct]:
    """Yield the product of one entry, or report the entry as a bad row if it has no title."""
    extracted.is_product = True
    product = combine_fields([extracted], urls.canonicalize(url))
    if product is None:
        on_bad_row(row, NO_TITLE)
    else:
        yield product
