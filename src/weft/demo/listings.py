"""The products of each listing of a shop; only numbers are stored, so that a catalogue of any size fits."""

from array import array
from collections.abc import Iterator
from functools import cached_property

from weft.demo.catalogue import generate_product
from weft.demo.markup import CategoryPath
from weft.demo.shops import SHOPS, DemoShop
from weft.demo.text_generation import generate_category_paths
from weft.demo.urls import listing_path


class ShopListings:
    """The listings of one shop, computed on the first request for one of them."""

    def __init__(self, shop: DemoShop, products: int, seed: int) -> None:
        self._shop, self._products, self._seed = shop, products, seed

    def iter_product_numbers(self) -> Iterator[int]:
        """Yield the numbers of the shop's products, ascending."""
        return iter(range(SHOPS.index(self._shop), self._products, len(SHOPS)))

    @cached_property
    def _by_path(self) -> dict[str, tuple[CategoryPath, "array[int]"]]:
        listings: dict[str, tuple[CategoryPath, array[int]]] = {}
        for number in self.iter_product_numbers():
            full_paths = generate_category_paths(generate_product(self._seed, number))
            for category_path in sorted(
                {full_path[:depth] for full_path in full_paths for depth in range(1, len(full_path) + 1)}
            ):
                listings.setdefault(listing_path(category_path), (category_path, array("L")))[1].append(number)
        return dict(sorted(listings.items()))

    def list_category_paths(self) -> list[CategoryPath]:
        """Return all category paths with a listing, in order."""
        return [category_path for category_path, _ in self._by_path.values()]

    def list_top_level(self) -> list[CategoryPath]:
        """Return the category paths of one step, which are in the navigation."""
        return [category_path for category_path in self.list_category_paths() if len(category_path) == 1]

    def list_children(self, parent: CategoryPath) -> list[CategoryPath]:
        """Return the category paths one step below `parent`."""
        return [
            category_path
            for category_path in self.list_category_paths()
            if len(category_path) == len(parent) + 1 and category_path[: len(parent)] == parent
        ]

    def find(self, path: str) -> tuple[CategoryPath, "array[int]"] | None:
        """Return the category path and product numbers of the listing at `path`, or None."""
        return self._by_path.get(path)
