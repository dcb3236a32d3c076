"""The products that a search found, as a table for people and as JSON lines for programs."""

import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from weft.search.catalogue_products import CatalogueProduct

_MAX_TITLE_WIDTH = 44


@dataclass(frozen=True)
class FoundProduct:
    """A product that a search found."""

    product_id: str
    product: CatalogueProduct | None
    """None if products.parquet lacks it."""
    similarity: float
    """The cosine similarity of the query to the most similar photo, -1 to 1."""
    photo_ids: tuple[str, ...]
    """Its photos, the most similar first."""

    @property
    def title(self) -> str:
        """The title in one line without control characters, which shops could use against a terminal."""
        return clean_text(self.product.title) if self.product else ""

    @property
    def price(self) -> str:
        """The price with its currency, "49.90 EUR"; empty if it is unknown."""
        if self.product is None or self.product.price is None:
            return ""
        return clean_text(f"{self.product.price:,.2f} {self.product.currency or ''}").rstrip()

    @property
    def url(self) -> str:
        """The address of the product page; empty if it is unknown."""
        return clean_text(self.product.url) if self.product else ""


def format_json_lines(found: Sequence[FoundProduct]) -> Iterator[str]:
    """Yield one JSON object per product, always with the same keys; what is unknown is null."""
    for hit in found:
        product = hit.product
        values = {
            "product": hit.product_id,
            "score": round(hit.similarity, 4),
            "title": product and product.title,
            "price": product and product.price,
            "currency": product and product.currency,
            "availability": product and product.availability,
            "url": product and product.url,
            "photo": hit.photo_ids[0],
            "photos": hit.photo_ids,
        }
        yield json.dumps(values, ensure_ascii=False)


def format_table(found: Sequence[FoundProduct]) -> Iterator[str]:
    """Yield a header and one line per product: score, price where one is known, title, URL or else product_id."""
    rows = [
        (
            f"{hit.similarity:.2f}",
            hit.price,
            _shorten(hit.title, _MAX_TITLE_WIDTH),
            hit.url or clean_text(hit.product_id),
        )
        for hit in found
    ]
    if not rows:
        return
    rows.insert(0, ("score", "price", "title", "page"))
    shown = [column for column in range(4) if column in (0, 3) or any(row[column] for row in rows[1:])]
    widths = [max(_display_width(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = [_pad(row[column], widths[column], align_right=column < 2) for column in shown]
        yield "  ".join(cells).rstrip()


def clean_text(text: str) -> str:
    """Return a text in one line, with characters that a terminal could obey replaced by spaces."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _display_width(text: str) -> int:
    """Return the columns that a text takes in a terminal: wide East Asian characters take two, accents none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _shorten(text: str, width: int) -> str:
    if _display_width(text) <= width:
        return text
    while _display_width(text) > width - 3:
        text = text[:-1]
    return f"{text.rstrip()}..."


def _pad(text: str, width: int, align_right: bool) -> str:
    spaces = " " * (width - _display_width(text))
    return spaces + text if align_right else text + spaces
