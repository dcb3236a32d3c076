"""Parse prices as people and machines write them: "1.299,50 €", "12.500 KWD", "１，９８０円", "279.000001"."""

import re
import unicodedata
from typing import NamedTuple

# fmt: off
_CODE_BY_SYMBOL = {
    "€": "EUR", "£": "GBP", "$": "USD", "US$": "USD", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD",
    "NZ$": "NZD", "S$": "SGD", "HK$": "HKD", "NT$": "TWD", "R$": "BRL", "MX$": "MXN", "¥": "JPY", "円": "JPY",
    "元": "CNY", "₩": "KRW", "원": "KRW", "₹": "INR", "Rs": "INR", "Rs.": "INR", "₽": "RUB", "руб": "RUB",
    "руб.": "RUB", "₴": "UAH", "грн": "UAH", "₺": "TRY", "TL": "TRY", "zł": "PLN", "Kč": "CZK", "Ft": "HUF",
    "лв": "BGN", "lei": "RON", "₪": "ILS", "₫": "VND", "đ": "VND", "฿": "THB", "₱": "PHP", "₦": "NGN", "₡": "CRC",
    "Fr.": "CHF", "Fr": "CHF", "SFr.": "CHF", "د.إ": "AED", "ر.س": "SAR", "د.ك": "KWD", "Rp": "IDR", "RM": "MYR",
}
_CODES = frozenset(
    re.findall(
        "[A-Z]+",
        "AED AUD BGN BHD BRL CAD CHF CLP CNY COP CRC CZK DKK EGP EUR GBP HKD HUF IDR ILS INR IQD JOD JPY KRW KWD LYD "
        "MAD MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR RMB RON RUB RUR SAR SEK SGD THB TND TRY TWD UAH USD VND ZAR",
    )
)
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""The currencies of three decimals, of which "12.500" is twelve and a half."""
_CODE_BY_OLD_NAME = {"RMB": "CNY", "RUR": "RUB"}
# fmt: on
_CODE_BY_FOLDED_SYMBOL = {symbol.casefold(): code for symbol, code in _CODE_BY_SYMBOL.items()}
_SYMBOL = "|".join(map(re.escape, sorted(_CODE_BY_SYMBOL, key=len, reverse=True)))
_CURRENCY = rf"(?:{_SYMBOL}|kr\.?|(?<![A-Za-z])(?:{'|'.join(sorted(_CODES))})(?![A-Za-z]))"
# A space separates thousands only in front of exactly three digits, so that "Pack of 2 29.99 €" holds two numbers.
_NUMBER = r"\d{1,3}(?:[ ']\d{3})+(?!\d)(?:[.,]\d{1,2}(?!\d))?|(?<![\d.,])[.,]\d+|\d+(?:[.,']\d+)*"
_AMOUNT = re.compile(
    rf"(?P<before>{_CURRENCY})?\s?(?P<number>{_NUMBER})(?![\d.,]*\s?%)"
    rf"(?:(?:[.,]?[-–—:]{{1,2}})?\s?(?P<after>{_CURRENCY})(?P<cents>\d\d(?![\d.,]))?)?",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s?[-~〜–—]\s?")
_MACHINE_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_NUMBER_AND_CODE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]{3})|([A-Za-z]{3})\s*(\d+(?:\.\d+)?)")
_SUPERSCRIPT_CENTS = re.compile(r"(?<=\d)[ ,.]?([⁰¹²³⁴-⁹]{2})")
_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f]+")
_PLAIN = str.maketrans({"’": "'", "‘": "'", "´": "'", "`": "'", "\u066b": ".", "\u066c": ",", "，": ",", "．": "."})
_MAX_LENGTH = 400
_GROUP = 3
"""Number of digits between two separators of thousands."""
_CODE_LENGTH = 3


class Price(NamedTuple):
    """A price; a part that is not stated is ""."""

    amount: str = ""
    """A plain decimal number: "1299.50"."""
    currency: str = ""
    """The ISO 4217 code, "" if it is unknown; of a symbol that several countries use, that of the largest."""


def parse_price(text: str, currency: str = "") -> Price:
    """Parse a price that a page shows to people.

    Of several numbers, the first beside a currency is the price, else the first. A single comma or point in front of
    exactly three digits separates thousands ("1,299" and "1.299" are 1299), except after a zero ("0.999") and in a
    currency of three decimals ("12.500 KWD" is 12.5). A range gives its lower end.

    Args:
        text: The text, in any script.
        currency: The currency if it is stated elsewhere, as a code or a symbol.
    """
    plain = _SUPERSCRIPT_CENTS.sub(lambda match: "." + unicodedata.normalize("NFKC", match[1]), text[:_MAX_LENGTH])
    plain = _SPACES.sub(" ", unicodedata.normalize("NFKC", plain).translate(_PLAIN))
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() and not c.isascii() else c for c in plain)
    matches = list(_AMOUNT.finditer(plain))
    if not matches:
        return Price(currency=currency_code(currency))
    chosen = next((index for index, match in enumerate(matches) if match["before"] or match["after"]), 0)
    match = matches[chosen]
    # "$ 129.900 COP": the code says which of the countries with a dollar or a peso it is.
    stated = sorted(filter(None, (match["before"], match["after"])), key=lambda symbol: symbol.upper() not in _CODES)
    code = currency_code(next(iter(stated), "")) or currency_code(currency)
    if chosen and _RANGE.fullmatch(plain[matches[chosen - 1].end() : match.start()]):
        match = matches[chosen - 1]
    amount = _to_decimal(match["number"], code)
    if match["cents"] and "." not in amount:
        amount = f"{amount}.{match['cents']}"
    return Price(amount, code)


def parse_machine_price(text: str, currency: str = "") -> Price:
    """Parse a price that a script or a feed states: a point is the decimal point, whatever follows it.

    "22.944" is 22.944 here. Text that is not a plain number is read as `parse_price` does.
    """
    stripped = text.strip()
    if _MACHINE_NUMBER.fullmatch(stripped) and stripped.isascii():
        return Price(stripped, currency_code(currency))
    if match := _NUMBER_AND_CODE.fullmatch(stripped):
        number, code = match[1] or match[4], match[2] or match[3]
        if code.upper() in _CODES:
            return Price(number, code.upper())
    return parse_price(text, currency)


def currency_code(text: str) -> str:
    """Return the ISO 4217 code of a symbol or a code, "" if it is unknown."""
    stripped = text.strip()
    if stripped.upper() in _CODES:
        return _CODE_BY_OLD_NAME.get(stripped.upper(), stripped.upper())
    if code := _CODE_BY_FOLDED_SYMBOL.get(stripped.casefold()):
        return code
    is_unknown_code = len(stripped) == _CODE_LENGTH and stripped.isascii() and stripped.isalpha() and stripped.isupper()
    return stripped if is_unknown_code else ""


def _to_decimal(number: str, currency: str) -> str:
    """Return a number with separators as a plain decimal."""
    number = number.replace(" ", "").replace("'", "")
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return number
    whole, decimals = re.sub(r"\D", "", number[:last]), number[last + 1 :]
    separator = number[last]
    has_both = "." in number and "," in number
    if has_both and number.count(separator) == 1:
        return f"{whole or '0'}.{decimals}"
    if number.count(separator) > 1:
        # Groups of thousands, "1.299.000", or of the Indian system, "1,29,900".
        return whole + decimals
    is_group = len(decimals) == _GROUP and 0 < len(whole) <= _GROUP and whole.strip("0") != ""
    if is_group and currency not in _THREE_DECIMALS and not whole.startswith("0"):
        return whole + decimals
    return f"{whole or '0'}.{decimals}"
