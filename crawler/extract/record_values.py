"""Read a value of a record that is more than a plain text: text by language, an amount of money, several attributes."""

import re
from collections.abc import Mapping
from typing import Any

from crawler.page.document import clean_text

_PAIR = re.compile(r"\s*(?:[^:=|;]{1,40}:)?([^:=|;]{1,40})[:=]([^:=]+)")
"""A name and a value; the section in front of them in Google's product_detail is left out."""
_LANGUAGE_TAG = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4})?")
_MAX_DECIMALS = 4
_MINOR_UNIT_KEYS = ("centAmount", "cent_amount", "amountInCents", "amount_cents", "cents")
_NUM_DECIMALS_KEYS = ("fractionDigits", "fraction_digits", "precision", "scale", "currency_minor_unit")


def text_of_mapping(value: Mapping[str, Any]) -> str:
    """Return the text of an object: in its first language, as an amount of money, its name, or all its values."""
    return localised_text(value) or _money_text(value) or _joined_text(value)


def localised_text(value: Mapping[str, Any]) -> str:
    """Return the first text of one that is given by language, {"en": "Dress", "de-AT": "Kleid"}; else ""."""
    if not value or not all(isinstance(key, str) and _LANGUAGE_TAG.fullmatch(key) for key in value):
        return ""
    return next(filter(None, map(clean_text, value.values())), "")


def _money_text(value: Mapping[str, Any]) -> str:
    """Return an amount that is stated in the smallest unit: {"centAmount": 8900, "currencyCode": "EUR"}; else ""."""
    stated: int | None = next((value[key] for key in _NUM_DECIMALS_KEYS if isinstance(value.get(key), int)), None)
    keys = _MINOR_UNIT_KEYS if stated is None else (*_MINOR_UNIT_KEYS, "amount", "value")
    amount: int | None = next((value[key] for key in keys if isinstance(value.get(key), int)), None)
    decimals = 2 if stated is None else stated
    if amount is None or not 0 <= decimals <= _MAX_DECIMALS:
        return ""
    currency = next((c for key in ("currencyCode", "currency", "currency_code") if (c := value.get(key))), "")
    code = currency.get("code") if isinstance(currency, dict) else currency
    return f"{amount / 10.0**decimals:.{decimals}f} {clean_text(code)}".strip()


def _joined_text(value: Mapping[str, Any]) -> str:
    inner = [clean_text(part) and str(part) for part in value.values()]
    return (str(value.get("name") or "") if "name" in value else " ".join(filter(None, inner))).strip()


def parse_pairs(text: str) -> list[tuple[str, str]]:
    """Parse "Fit:Regular|Neck:Round", with one of several separators; [] if a part is not a name and a value."""
    for separator in ("|", ";", "\n", ","):
        pairs = [_PAIR.fullmatch(part) for part in text.split(separator) if part.strip()]
        if pairs and all(pairs):
            return [(pair[1].strip(), pair[2].strip()) for pair in pairs if pair]
    return []
