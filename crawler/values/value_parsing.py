"""Parse the values that shops write: availability, brands, GTINs, languages."""

import re
from typing import Any

from crawler.values import labelled_values
from crawler.values.text import plain_text

_AVAILABILITY_BY_WORD = {
    "instock": "InStock", "available": "InStock", "yes": "InStock", "true": "InStock", "onlineonly": "InStock",
    "limitedavailability": "LimitedAvailability", "instoreonly": "InStoreOnly",
    "outofstock": "OutOfStock", "oos": "OutOfStock", "soldout": "SoldOut", "unavailable": "OutOfStock",
    "notavailable": "OutOfStock", "false": "OutOfStock", "no": "OutOfStock", "discontinued": "Discontinued",
    "preorder": "PreOrder", "presale": "PreSale", "backorder": "BackOrder", "onbackorder": "BackOrder",
    "availablefororder": "BackOrder", "pending": "PreOrder",
}  # fmt: skip
_GTIN_LENGTHS = (8, 12, 13, 14)
_DOMAIN = re.compile(r"(?:www\.)?[\w-]+\.(?:com|net|org|co\.uk|[a-z]{2})", re.IGNORECASE)


def parse_brand(text: str) -> str:
    """Return the name of a brand on one line, without a label; "" for a domain name, which some shops write instead."""
    name = plain_text(text)
    label, colon, value = name.replace("：", ":").rpartition(":")
    first_word, _, rest = name.partition(" ")
    if colon and labelled_values.is_brand_label(label.rsplit(" ", 1)[-1]):
        name = value.strip()
    elif rest and (first_word == "by" or labelled_values.is_brand_label(first_word)):
        name = rest.strip()
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


def parse_language(text: str) -> str:
    """Return the language of a tag such as "de-AT" or "pt_BR" in lower case; "" if `text` is not such a tag."""
    language = re.split(r"[-_]", text.strip().lower())[0]
    return language if re.fullmatch(r"[a-z]{2,3}", language) else ""


def strip_text(value: Any) -> str:
    """Return a decoded JSON value without surrounding white space; "" if it is not a string."""
    return value.strip() if isinstance(value, str) else ""


def list_or_empty(value: Any) -> list[Any]:
    """Return a decoded JSON value if it is a list, else []."""
    return value if isinstance(value, list) else []
