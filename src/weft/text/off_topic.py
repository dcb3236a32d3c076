"""What a description says in passing: "pair it with jeans" makes no jeans of a shirt.

In a real catalogue "jeans" stood in 3,978 products of which 332 were jeans; a network that learns to say it of every
shirt knows both the worse. No list of kinds is needed, as a shop's categories end with them: "Men > Casual Shoes".
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from weft.text.fields import iter_texts, list_category_steps
from weft.text.html import extract_visible_text
from weft.text.tokenize import tokenize_words

SHORT_FIELDS = ("title", "categories", "attributes")
"""What these fields say is said of the product itself."""
MIN_TYPE_SHARE = 2 / 3
"""A word names a kind if so many of the products that NAMING calls by it stand in a category of that name. In a real
catalogue: t-shirt 0.99, kurta 0.94, jeans 0.90, sandals 0.71; but short, which is no shorts, 0.52, and flat 0.20."""


class ProductTypeWords:
    """The words by which each shop names kinds of things: one pass; memory grows with words, not with products."""

    def __init__(self) -> None:
        self._short_field_counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._category_counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._types_by_shop: dict[str, frozenset[str]] = {}

    def add(self, product: Mapping[str, Any]) -> None:
        """Count one row of PRODUCTS; its description is not read."""
        short_field_words = _collect_short_field_words(product)
        heads = {singularize(words[-1]) for words in _tokenize_category_steps(product)}
        self._short_field_counts[product["shop"]].update(short_field_words)
        self._category_counts[product["shop"]].update(word for word in short_field_words if singularize(word) in heads)

    def get_type_words(self, shop: str) -> frozenset[str]:
        """The words for kinds of `shop`, as it spells them; asked once all its products are counted."""
        if shop not in self._types_by_shop:
            in_category, in_short_fields = self._category_counts[shop], self._short_field_counts[shop]
            self._types_by_shop[shop] = frozenset(
                word for word in in_category if in_category[word] >= MIN_TYPE_SHARE * in_short_fields[word]
            )
        return self._types_by_shop[shop]

    def find_off_topic_words(self, product: Mapping[str, Any], description_words: Iterable[str]) -> set[str]:
        """The words of `product`'s description that it has in passing: kinds of things that its NAMING does not say.

        Singular and plural are one. A product without categories may be of any kind: nothing is in passing there.
        """
        if not product["categories"]:
            return set()
        short_field_types = {singularize(word) for word in _collect_short_field_words(product)}
        return {
            word
            for word in self.get_type_words(product["shop"]).intersection(description_words)
            if singularize(word) not in short_field_types
        }


@lru_cache(maxsize=100_000)
def singularize(word: str) -> str:
    """The word without hyphens and without the ending of an English plural: "tshirt" for "t-shirts"."""
    word = word.replace("-", "")
    if word.endswith("ies") and len(word) > len("ties"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _collect_short_field_words(product: Mapping[str, Any]) -> set[str]:
    return {word for text in iter_texts(product, SHORT_FIELDS) for word in tokenize_words(text)}


def _tokenize_category_steps(product: Mapping[str, Any]) -> list[list[str]]:
    """The words of each category step; one that is the product's brand ("Brands > Nike") names no kind."""
    brand = tokenize_words(extract_visible_text(product["brand"] or ""))
    return [words for step in list_category_steps(product) if (words := tokenize_words(step)) and words != brand]
