"""Checks of the filters of `weft search`: a filter that no product passes is probably misspelt."""

import dataclasses

from weft.contracts.arrays import Bools
from weft.errors import InputError
from weft.progress import log_line
from weft.search.product_filter import FilterColumns, ProductFilter

_MAX_SUGGESTIONS = 8


def select_products(columns: FilterColumns, requested: ProductFilter) -> Bools | None:
    """Return a mask of the products that pass all filters, (products,); None if there is no filter.

    Raises:
        InputError: A filter alone leaves no product.
    """
    for shop in requested.shops:
        _require(columns, ProductFilter(shops=(shop,)), f"--shop {shop}", columns.shops)
    _require(
        columns, ProductFilter(category=requested.category), f"--category {requested.category}", columns.categories
    )
    if requested.max_price is not None:
        _log_prices(columns, requested)
    mask = columns.select(requested)
    if mask is not None and not mask.any():
        log_line("no product passes all filters")
    return mask


def _require(columns: FilterColumns, requested: ProductFilter, option: str, names: list[str]) -> None:
    mask = columns.select(requested)
    if mask is not None and not mask.any():
        names = sorted(names)
        more = ", ..." if len(names) > _MAX_SUGGESTIONS else ""
        raise InputError(f"{option}: no product matches; expected one of: {', '.join(names[:_MAX_SUGGESTIONS])}{more}")


def _log_prices(columns: FilterColumns, requested: ProductFilter) -> None:
    """Say how many of the products that pass the other filters have no price, and whether prices can be compared."""
    others = columns.select(dataclasses.replace(requested, max_price=None))
    passing = len(columns.prices) if others is None else int(others.sum())
    priced = columns.has_price if others is None else columns.has_price & others
    if passing and not priced.any():
        raise InputError("--max-price: none of these products has a price; crawl again, or leave this filter out")
    if priced.sum() < passing:
        log_line(f"{passing - priced.sum():,} of {passing:,} products have no price and are left out")
    currencies = sorted(set(columns.currencies[priced]))
    if len(currencies) > 1:
        log_line(f"--max-price compares numbers of several currencies: {', '.join(currencies)}")
