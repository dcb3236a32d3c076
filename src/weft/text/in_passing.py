"""What a description says in passing: "pair it with jeans" makes no jeans of a shirt.

In a real catalogue "jeans" stood in 3,978 products of which 332 were jeans; a network that learns to say it of every
shirt knows both the worse. No list of kinds is needed, as a shop's categories end with them: "Men > Casual Shoes".
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from weft.text.fields import category_steps, texts
from weft.text.html import visible_text
from weft.text.tokens import tokens

NAMING = ("title", "categories", "attributes")
"""What these fields say is said of the product itself."""
A_KIND = 2 / 3
"""A word names a kind if so many of the products that NAMING calls by it stand in a category of that name. In a real
catalogue: t-shirt 0.99, kurta 0.94, jeans 0.90, sandals 0.71; but short, which is no shorts, 0.52, and flat 0.20."""


class Kinds:
    """The words by which each shop names kinds of things: one pass; memory grows with words, not with products."""

    def __init__(self) -> None:
        self._named: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._in_category: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._settled: dict[str, frozenset[str]] = {}

    def add(self, product: Mapping[str, Any]) -> None:
        """Count one row of PRODUCTS; its description is not read."""
        named = _named(product)
        heads = {singular(words[-1]) for words in _steps(product)}
        self._named[product["shop"]].update(named)
        self._in_category[product["shop"]].update(word for word in named if singular(word) in heads)

    def of(self, shop: str) -> frozenset[str]:
        """The words for kinds of `shop`, as it spells them; asked once all its products are counted."""
        if shop not in self._settled:
            counted, named = self._in_category[shop], self._named[shop]
            self._settled[shop] = frozenset(word for word in counted if counted[word] >= A_KIND * named[word])
        return self._settled[shop]

    def in_passing(self, product: Mapping[str, Any], described: Iterable[str]) -> set[str]:
        """The words of `product`'s description that it has in passing: kinds of things that its NAMING does not say.

        Singular and plural are one. A product without categories may be of any kind: nothing is in passing there.
        """
        if not product["categories"]:
            return set()
        own = {singular(word) for word in _named(product)}
        return {word for word in self.of(product["shop"]).intersection(described) if singular(word) not in own}


@lru_cache(maxsize=100_000)
def singular(word: str) -> str:
    """The word without hyphens and without the ending of an English plural: "tshirt" for "t-shirts"."""
    word = word.replace("-", "")
    if word.endswith("ies") and len(word) > len("ties"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _named(product: Mapping[str, Any]) -> set[str]:
    return {word for text in texts(product, NAMING) for word in tokens(text)}


def _steps(product: Mapping[str, Any]) -> list[list[str]]:
    """The words of each category step; one that is the product's brand ("Brands > Nike") names no kind."""
    brand = tokens(visible_text(product["brand"] or ""))
    return [words for step in category_steps(product) if (words := tokens(step)) and words != brand]
