"""Parse the values that shops write: prices, availability, brands, GTINs."""

import html
import re
from typing import Any

_PRICE = re.compile(r"\d[\d.,'’   ]*")
_AVAILABILITY_BY_WORD = {
    "instock": "InStock", "available": "InStock", "yes": "InStock", "true": "InStock", "onlineonly": "InStock",
    "limitedavailability": "LimitedAvailability", "instoreonly": "InStoreOnly",
    "outofstock": "OutOfStock", "oos": "OutOfStock", "soldout": "SoldOut", "unavailable": "OutOfStock",
    "notavailable": "OutOfStock", "false": "OutOfStock", "no": "OutOfStock", "discontinued": "Discontinued",
    "preorder": "PreOrder", "presale": "PreSale", "backorder": "BackOrder", "onbackorder": "BackOrder",
    "availablefororder": "BackOrder", "pending": "PreOrder",
}  # fmt: skip
_GTIN_LENGTHS = (8, 12, 13, 14)
_MAX_DECIMALS = 2
_DOMAIN = re.compile(r"(?:www\.)?[\w-]+\.(?:com|net|org|co\.uk|[a-z]{2})", re.IGNORECASE)


def parse_price(text: str) -> str:
    """Return the first number of `text` as a plain decimal: "1.299,50 €" gives "1299.50"; "" if there is none.

    A single comma or point followed by exactly three digits separates thousands: "1,299" and "1.299" are 1299. With
    another number of digits, or after a zero, it is the decimal point: "12.5", "0.999".
    """
    match = _PRICE.search(text)
    if not match:
        return ""
    number = re.sub(r"[^\d.,]", "", match.group()).rstrip(".,")
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return number
    whole, decimals = re.sub(r"\D", "", number[:last]), number[last + 1 :]
    is_single = number.count(number[last]) == 1
    if not is_single or (len(decimals) > _MAX_DECIMALS and len(decimals) % 3 == 0 and whole.lstrip("0")):
        return whole + decimals
    return f"{whole or '0'}.{decimals}"


def parse_positive_price(text: str) -> str:
    """Return `parse_price(text)`, but "" for zero: a page shows 0 until a script fills in the price."""
    number = parse_price(text)
    return number if number.strip("0.") else ""


def parse_brand(text: str) -> str:
    """Return the name of a brand on one line; "" for a domain name, which some shops write instead."""
    name = " ".join(html.unescape(text).split())
    return "" if _DOMAIN.fullmatch(name) else name


def parse_availability(text: str) -> str:
    """Return schema.org's name: "https://schema.org/InStock" and "in stock" give "InStock"; "" if unknown."""
    word = re.sub(r"[^a-z]", "", text.rstrip("/").rsplit("/", 1)[-1].lower())
    return _AVAILABILITY_BY_WORD.get(word, "")


def parse_gtin(text: str) -> str:
    """Return the 8, 12, 13 or 14 digits of a GTIN with a correct check digit, else ""."""
    digits = re.sub(r"[\s-]", "", text)
    if not (digits.isascii() and digits.isdigit() and len(digits) in _GTIN_LENGTHS and digits.strip("0")):
        return ""
    weighted = sum(int(digit) * (3, 1)[position % 2] for position, digit in enumerate(reversed(digits[:-1])))
    return digits if (weighted + int(digits[-1])) % 10 == 0 else ""


def strip_text(value: Any) -> str:
    """Return a decoded JSON value without surrounding white space; "" if it is not a string."""
    return value.strip() if isinstance(value, str) else ""


def list_or_empty(value: Any) -> list[Any]:
    """Return a decoded JSON value if it is a list, else []."""
    return value if isinstance(value, list) else []
