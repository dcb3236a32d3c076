"""Off-topic words of descriptions: "pair it with jeans" does not make a shirt jeans.

In a real catalogue the word "jeans" stood in 3,978 products of which 332 were jeans; a network that learns the word
from shirts recognises both worse. The rule needs no list of product types, because the steps of a shop's category
paths end with them ("Men > Casual Shoes"), or begin with them in Romance languages ("Femme > Robes longues").
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from weft.text.catalogue_tokenizers import CatalogueTokenizers
from weft.text.fields import iter_texts, list_category_steps
from weft.text.html import extract_visible_text
from weft.text.inflection import singularize
from weft.text.languages import load_language
from weft.text.shop_tokenizer import ShopTokenizer
from weft.text.tokenize import is_word

SHORT_FIELDS = ("title", "categories", "attributes")
"""Words in these fields describe the product itself."""
MIN_TYPE_SHARE = 2 / 3
"""A word names a product type if at least this share of the products with the word in SHORT_FIELDS stand in a category
of that name. In a real catalogue: t-shirt 0.99, kurta 0.94, jeans 0.90, sandals 0.71; but short (an adjective) 0.52,
and flat 0.20."""


class ProductTypeCounts:
    """Counts of the words in the short fields of each shop; memory grows with words, not with products.

    Attributes:
        short_fields: Shop -> word -> number of products with the word in SHORT_FIELDS.
        in_category: The same for the products that also stand in a category of that name.
    """

    def __init__(self) -> None:
        self.short_fields: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.in_category: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def merge(self, other: "ProductTypeCounts") -> None:
        """Add the counts of other products."""
        for shop, counts in other.short_fields.items():
            self.short_fields[shop].update(counts)
        for shop, counts in other.in_category.items():
            self.in_category[shop].update(counts)


class ProductTypeWords:
    """The words with which each shop names product types."""

    def __init__(self, tokenizers: CatalogueTokenizers) -> None:
        self.counts = ProductTypeCounts()
        self._tokenizers = tokenizers
        self._types_by_shop: dict[str, frozenset[str]] = {}

    def add(self, product: Mapping[str, Any]) -> None:
        """Count one row of PRODUCTS; its description is not read."""
        tokenizer = self._tokenizers.find(product)
        short_field_words = _collect_short_field_words(product, tokenizer)
        head = 0 if load_language(tokenizer.language).category_head == "first" else -1
        heads = {singularize(words[head]) for words in _tokenize_category_steps(product, tokenizer)}
        self.counts.short_fields[product["shop"]].update(short_field_words)
        self.counts.in_category[product["shop"]].update(
            word for word in short_field_words if singularize(word) in heads
        )

    def get_type_words(self, shop: str) -> frozenset[str]:
        """Return the type words of `shop` in its own spelling; call this after all its products are counted."""
        if shop not in self._types_by_shop:
            in_category, in_short_fields = self.counts.in_category[shop], self.counts.short_fields[shop]
            self._types_by_shop[shop] = frozenset(
                word for word in in_category if in_category[word] >= MIN_TYPE_SHARE * in_short_fields[word]
            )
        return self._types_by_shop[shop]

    def find_off_topic_words(self, product: Mapping[str, Any], description_words: Iterable[str]) -> set[str]:
        """Return the words of a description that name a product type which the product's SHORT_FIELDS do not name.

        Singular and plural count as one word. A product without categories may be of any type, so it has no
        off-topic words.
        """
        if not product["categories"]:
            return set()
        short_field_types = {
            singularize(word) for word in _collect_short_field_words(product, self._tokenizers.find(product))
        }
        return {
            word
            for word in self.get_type_words(product["shop"]).intersection(description_words)
            if singularize(word) not in short_field_types
        }


def _collect_short_field_words(product: Mapping[str, Any], tokenizer: ShopTokenizer) -> set[str]:
    return {word for text in iter_texts(product, SHORT_FIELDS) for word in tokenizer.tokenize(text) if is_word(word)}


def _tokenize_category_steps(product: Mapping[str, Any], tokenizer: ShopTokenizer) -> list[list[str]]:
    """Return the words of each category step, except steps that are the product's brand ("Brands > Nike")."""
    brand, *steps = (
        [word for word in tokenizer.tokenize(text) if is_word(word)]
        for text in (extract_visible_text(product["brand"] or ""), *list_category_steps(product))
    )
    return [words for words in steps if words and words != brand]
