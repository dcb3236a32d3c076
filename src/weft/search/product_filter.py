"""Filters of a search as masks over the products, so that the index never scores what they leave out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from weft.contracts.arrays import Bools
from weft.search.catalogue_products import CatalogueProduct


@dataclass(frozen=True)
class ProductFilter:
    """Which products a search may find; all conditions hold at once."""

    shops: tuple[str, ...] = ()
    """Any of these; empty for all."""
    category: str = ""
    """A part of a category path, in any letter case."""
    colour: str = ""
    """A part of the shop's name of the colour, in any letter case."""
    min_price: float | None = None
    """In the shop's currency; products without a price are left out."""
    max_price: float | None = None
    excluded_colours: tuple[str, ...] = ()
    """None of these names of colours, in any letter case."""


class FilterColumns:
    """What the filters read of each product, in the order of the index."""

    def __init__(self, products: Sequence[CatalogueProduct | None]) -> None:
        self._shops = np.array([product.shop if product else "" for product in products], object)
        self._categories = [product.categories if product else () for product in products]
        self._colours = [(product.colour,) if product and product.colour else () for product in products]
        prices = [product.price if product else None for product in products]
        self.prices = np.array([np.nan if price is None else price for price in prices], np.float64)
        """(products,): NaN for a product without a price."""
        currencies = [(product.currency if product else None) or "unknown" for product in products]
        self.currencies = np.array(currencies, object)
        self.shops = sorted({shop for shop in self._shops if shop})
        self.categories = _by_frequency(category for categories in self._categories for category in categories)
        self.colours = _by_frequency(colour for colours in self._colours for colour in colours)

    @property
    def has_price(self) -> Bools:
        """Whether a product has a price, (products,)."""
        return ~np.isnan(self.prices)

    def select(self, requested: ProductFilter) -> Bools | None:
        """Return a mask, (products,); None if the filter allows all."""
        if requested == ProductFilter():
            return None
        mask = np.ones(len(self.prices), bool)
        if requested.shops:
            mask &= np.isin(self._shops, requested.shops)
        if requested.category:
            mask &= _contain(requested.category, self.categories, self._categories)
        if requested.colour:
            mask &= _contain(requested.colour, self.colours, self._colours)
        if requested.min_price is not None:
            mask &= self.prices >= requested.min_price
        if requested.max_price is not None:
            mask &= self.prices <= requested.max_price
        if requested.excluded_colours:
            excluded = {colour.casefold() for colour in requested.excluded_colours}
            mask &= np.array([all(name.casefold() not in excluded for name in names) for names in self._colours], bool)
        return mask


def _contain(part: str, names: Sequence[str], values: Sequence[Sequence[str]]) -> Bools:
    """Return which products have a value that contains a text in any letter case; each name is tested once."""
    part = part.casefold()
    passing = {name for name in names if part in name.casefold()}
    return np.array([not passing.isdisjoint(of_product) for of_product in values], bool)


def _by_frequency(names: Iterable[str]) -> list[str]:
    return [name for name, _ in sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))]
