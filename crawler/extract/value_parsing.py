"""What shops write as a number, brought to one form: prices, availability, gtin."""

import html
import re

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
    """The first number of `text` as a plain decimal: "1.299,50 €" gives "1299.50"; "" where there is none.

    A single mark followed by exactly three digits separates thousands: "1,299" is 1299, "1.299" too. What is
    already a plain decimal of a program ("12.5", "0.999") stays as it is when more or fewer digits follow.
    """
    found = _PRICE.search(text)
    if not found:
        return ""
    number = re.sub(r"[^\d.,]", "", found.group()).rstrip(".,")
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return number
    whole, decimals = re.sub(r"\D", "", number[:last]), number[last + 1 :]
    single = number.count(number[last]) == 1
    if not single or (len(decimals) > _MAX_DECIMALS and len(decimals) % 3 == 0 and whole.lstrip("0")):
        return whole + decimals
    return f"{whole or '0'}.{decimals}"


def parse_positive_price(text: str) -> str:
    """As `price`, but "" for nothing: a price of 0 stands where a script has not yet put the real one."""
    number = parse_price(text)
    return number if number.strip("0.") else ""


def parse_brand(text: str) -> str:
    """A brand's name on one line, "" for the address of a shop, which some put there."""
    name = " ".join(html.unescape(text).split())
    return "" if _DOMAIN.fullmatch(name) else name


def parse_availability(text: str) -> str:
    """schema.org's word for `text`: "https://schema.org/InStock", "in stock" and "in_stock" give "InStock"; else ""."""
    word = re.sub(r"[^a-z]", "", text.rstrip("/").rsplit("/", 1)[-1].lower())
    return _AVAILABILITY_BY_WORD.get(word, "")


def parse_gtin(text: str) -> str:
    """The 8, 12, 13 or 14 digits of a gtin whose check digit is right, else ""."""
    digits = re.sub(r"[\s-]", "", text)
    if not (digits.isascii() and digits.isdigit() and len(digits) in _GTIN_LENGTHS and digits.strip("0")):
        return ""
    weighted = sum(int(digit) * (3, 1)[position % 2] for position, digit in enumerate(reversed(digits[:-1])))
    return digits if (weighted + int(digits[-1])) % 10 == 0 else ""
