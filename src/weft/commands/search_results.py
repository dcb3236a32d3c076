"""The products that a search found, as a table for people and as JSON lines for programs."""

import json
import unicodedata
from collections.abc import Iterator, Sequence

from weft.search.product_search import FoundProduct

_MAX_TITLE_WIDTH = 44


def format_title(found: FoundProduct) -> str:
    """Return the title in one line without control characters, which shops could use against a terminal."""
    return clean_text(found.product.title) if found.product else ""


def format_price(found: FoundProduct) -> str:
    """Return the price with its currency, "49.90 EUR"; empty if it is unknown."""
    if found.product is None or found.product.price is None:
        return ""
    return clean_text(f"{found.product.price:,.2f} {found.product.currency or ''}").rstrip()


def format_url(found: FoundProduct) -> str:
    """Return the address of the product page in one line; empty if it is unknown."""
    return clean_text(found.product.url) if found.product else ""


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
            format_price(hit),
            _shorten(format_title(hit), _MAX_TITLE_WIDTH),
            format_url(hit) or clean_text(hit.product_id),
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
