"""Prices of many countries are read without an error by a factor of ten, a hundred or a thousand."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.values.prices import parse_machine_price, parse_price

WRITTEN_FOR_PEOPLE = {
    "£49.00": "49.00 GBP",
    "$29": "29 USD",
    "US$ 1,299": "1299 USD",
    "A$29.95": "29.95 AUD",
    "1.299,50 €": "1299.50 EUR",
    "1.299 €": "1299 EUR",
    "€1.299": "1299 EUR",
    "€1,299.95": "1299.95 EUR",
    "12,50€": "12.50 EUR",
    "12€50": "12.50 EUR",
    "29⁹⁹ €": "29.99 EUR",
    "49,– €": "49 EUR",
    "ab 10 €": "10 EUR",
    "10–20 €": "10 EUR",
    "10,00 € - 20,00 €": "10.00 EUR",
    "EUR1299": "1299 EUR",
    "EUR 12,345.00": "12345.00 EUR",
    "1\u202f299,00\u00a0€": "1299.00 EUR",
    "3 x 9,99 €": "9.99 EUR",
    "Pack of 2 29.99 €": "29.99 EUR",
    "-20 % 79,99 €": "79.99 EUR",
    "20% off 10.00": "10.00",
    "2 for £30": "30 GBP",
    "1 299,00 Kč": "1299.00 CZK",
    "499 Kč": "499 CZK",
    "1 299:-": "1299",
    "kr 1.299,-": "1299",
    "1.299,00 kr.": "1299.00",
    "149,90 zł": "149.90 PLN",
    "12 990 Ft": "12990 HUF",
    "129,90 lei": "129.90 RON",
    "3'450.-": "3450",
    "1’299.–": "1299",
    "Fr. 1'299.50": "1299.50 CHF",
    "CHF89.90": "89.90 CHF",
    "Rs. 1,299": "1299 INR",
    "Rs. 1,499.00/-": "1499.00 INR",
    "₹1,29,900": "129900 INR",
    "R$ 1.299,90": "1299.90 BRL",
    "S/ 129.90": "129.90",
    "$ 129.900 COP": "129900 COP",
    "1.299.000 ₫": "1299000 VND",
    "Rp 249.000": "249000 IDR",
    "RM 89.90": "89.90 MYR",
    "฿1,290": "1290 THB",
    "₱1,299.75": "1299.75 PHP",
    "1,980円(税込2,178円)": "1980 JPY",
    "１，９８０円": "1980 JPY",
    "¥12,800": "12800 JPY",
    "39,000원": "39000 KRW",
    "₩39,000": "39000 KRW",
    "NT$1,280": "1280 TWD",
    "1 290 ₽": "1290 RUB",
    "129,90 руб.": "129.90 RUB",
    "1.299,90 TL": "1299.90 TRY",
    "12.500 KWD": "12.500 KWD",
    "BHD 5.250": "5.250 BHD",
    "١٬٢٩٩٫٥٠ ر.س": "1299.50 SAR",
    "35.900000": "35.900000",
    "12.5": "12.5",
    "0.999": "0.999",
    "0,99": "0.99",
    ".99": "0.99",
    "1,299": "1299",
    "1.299": "1299",
    "1.234.567,89": "1234567.89",
    "free": "",
    "Gratis": "",
    "$name": "",
}


@pytest.mark.parametrize("text", WRITTEN_FOR_PEOPLE)
def test_a_price_written_for_people_is_read_with_its_currency(text: str) -> None:
    assert " ".join(parse_price(text)).strip() == WRITTEN_FOR_PEOPLE[text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22.944", "22.944"),
        ("33.333333", "33.333333"),
        ("279.000001", "279.000001"),
        ("12.500 KWD", "12.500 KWD"),
        ("19.990 EUR", "19.990 EUR"),
        ("EUR 19.99", "19.99 EUR"),
        ("1299", "1299"),
        ("1,299.00", "1299.00"),
        ("1.299,00", "1299.00"),
        ("19,99 EUR", "19.99 EUR"),
    ],
)
def test_the_point_of_a_price_written_by_software_is_a_decimal_point(text: str, expected: str) -> None:
    assert " ".join(parse_machine_price(text)).strip() == expected


def test_a_currency_stated_elsewhere_decides_the_number_of_decimals() -> None:
    assert parse_price("12.500", "KWD") == ("12.500", "KWD")
    assert parse_price("12.500", "€") == ("12500", "EUR")


@given(st.decimals(min_value=0, max_value=10**7, places=2), st.sampled_from([",.", ".,", " ,", " .", "'."]))
def test_two_decimals_are_always_kept(value: Decimal, separators: str) -> None:
    thousands, point = separators
    text = f"{value:,.2f}".replace(",", "\0").replace(".", point).replace("\0", thousands)
    assert Decimal(parse_price(f"{text} €").amount) == value


@given(st.text(max_size=60))
def test_any_text_gives_a_decimal_number_or_nothing(text: str) -> None:
    for parse in (parse_price, parse_machine_price):
        amount = parse(text).amount
        assert amount == "" or Decimal(amount) >= 0
