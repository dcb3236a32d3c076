"""Which products stand on which listing of a shop: numbers only, so that a catalogue of any size fits."""

from array import array
from collections.abc import Iterator
from functools import cached_property

from weft.demo.addresses import listing_path
from weft.demo.catalogue import product
from weft.demo.frame import Trail
from weft.demo.shops import SHOPS, DemoShop
from weft.demo.texts import trails


class Shelves:
    """The listings of one shop, made when the first page asks for them."""

    def __init__(self, shop: DemoShop, products: int, seed: int) -> None:
        self._shop, self._products, self._seed = shop, products, seed

    def numbers(self) -> Iterator[int]:
        """The numbers of the shop's products, ascending."""
        return iter(range(SHOPS.index(self._shop), self._products, len(SHOPS)))

    @cached_property
    def _by_path(self) -> dict[str, tuple[Trail, "array[int]"]]:
        shelves: dict[str, tuple[Trail, array[int]]] = {}
        for number in self.numbers():
            full = trails(product(self._seed, number))
            for trail in sorted({whole[:depth] for whole in full for depth in range(1, len(whole) + 1)}):
                shelves.setdefault(listing_path(trail), (trail, array("L")))[1].append(number)
        return dict(sorted(shelves.items()))

    def trails(self) -> list[Trail]:
        """Every category path that has a listing, in order."""
        return [trail for trail, _ in self._by_path.values()]

    def top(self) -> list[Trail]:
        """The category paths of one step: what the navigation offers."""
        return [trail for trail in self.trails() if len(trail) == 1]

    def below(self, above: Trail) -> list[Trail]:
        """The category paths one step below `above`."""
        return [trail for trail in self.trails() if len(trail) == len(above) + 1 and trail[: len(above)] == above]

    def at(self, path: str) -> tuple[Trail, "array[int]"] | None:
        """The category path and product numbers of the listing at `path`, if there is one."""
        return self._by_path.get(path)
