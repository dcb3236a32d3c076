"""Find the words that describe the shop instead of the product, each with a reason that a person can check.

The rules use document frequencies by shop and by brand. They are counted in one pass; memory grows with the number of
distinct words of each shop, never with the number of products.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from weft import params
from weft.text.tokenize import tokenize

SHOP_NAME = "shop name"
TOO_FREQUENT = "in nearly all products"
BOILERPLATE = "shop boilerplate"
BRAND_NAME = "brand name"
TOO_RARE = "too few products"

MAX_DOCUMENT_SHARE = 0.9
"""A word of a larger share of all products distinguishes none; for a single shop this is the only boilerplate rule."""
MIN_DOCUMENTS = 10
"""The rules need at least this many products of the shop, of the other shops and of other brands."""
MIN_COMMON_WORD_SHARE = 0.0015
"""A word of a brand name that this share of other brands' products use is a common word: in a real catalogue 0.2 % of
them used "rose", "indigo" or "yoga", and 0.04 % "nike" or "fossil"."""


class DocumentFrequencies:
    """The number of products (documents) with each word.

    Attributes:
        documents_by_shop: Shop -> number of its products.
        frequencies_by_shop: Shop -> word -> number of the shop's products with the word.
        occurrences: Word -> number of occurrences, including repeats within a product.
        brand_name_frequencies: Word -> number of products whose brand name contains it.
        brand_only_frequencies: Word -> number of those whose text does not contain it.
    """

    def __init__(self) -> None:
        self.documents_by_shop: Counter[str] = Counter()
        self.frequencies_by_shop: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.occurrences: Counter[str] = Counter()
        self.brand_name_frequencies: Counter[str] = Counter()
        self.brand_only_frequencies: Counter[str] = Counter()

    def add(self, shop: str, brand: Sequence[str], tokens: Sequence[str]) -> None:
        """Count one product."""
        words, brand_words = set(tokens), set(brand)
        self.documents_by_shop[shop] += 1
        self.frequencies_by_shop[shop].update(words)
        self.occurrences.update(tokens)
        self.brand_name_frequencies.update(brand_words)
        self.brand_only_frequencies.update(brand_words - words)

    def merge(self, other: "DocumentFrequencies") -> None:
        """Add the counts of other products."""
        self.documents_by_shop.update(other.documents_by_shop)
        for shop, frequency in other.frequencies_by_shop.items():
            self.frequencies_by_shop[shop].update(frequency)
        self.occurrences.update(other.occurrences)
        self.brand_name_frequencies.update(other.brand_name_frequencies)
        self.brand_only_frequencies.update(other.brand_only_frequencies)

    def count_documents_per_word(self) -> Counter[str]:
        """Return word -> number of products with the word, over all shops."""
        total: Counter[str] = Counter()
        for frequency in self.frequencies_by_shop.values():
            total.update(frequency)
        return total


class DropReason(NamedTuple):
    """The reason why a word is dropped, and the numbers behind it."""

    reason: str
    detail: str


def find_shop_names(counts: DocumentFrequencies) -> Mapping[str, str]:
    """Return word -> shop for the shops whose name is one word that does not describe their products.

    `clean` removes a shop's name from its own texts unless the name describes the product (an orange top at the shop
    Orange). If more than a few texts still contain the name, it is a descriptive word and stays.
    """
    shop_by_name = {}
    for shop, n_documents in counts.documents_by_shop.items():
        name_tokens = tokenize(shop)
        if (
            len(name_tokens) == 1
            and counts.frequencies_by_shop[shop][name_tokens[0]] <= (1 - MAX_DOCUMENT_SHARE) * n_documents
        ):
            shop_by_name[name_tokens[0]] = shop
    return shop_by_name


class DropRules:
    """The rules that drop words. What they need of all words together is counted once, when the rules are made."""

    def __init__(self, counts: DocumentFrequencies, settings: params.Vocabulary) -> None:
        self.document_frequencies = counts.count_documents_per_word()
        self._counts = counts
        self._settings = settings
        self._n_documents = counts.documents_by_shop.total()
        self._shop_by_name = find_shop_names(counts)
        self._boilerplate = self._find_boilerplate()

    def find_reason(self, word: str) -> DropReason | None:
        """Return the first reason to drop `word`, or None if it stays."""
        if word in self._shop_by_name:
            return DropReason(SHOP_NAME, f"the name of the shop {self._shop_by_name[word]}")
        return (
            self._check_too_frequent(word)
            or self._boilerplate.get(word)
            or self._check_brand_name(word)
            or self._check_too_rare(word)
        )

    def compute_brand_share(self, word: str) -> float:
        """Return the share, 0 to 1, of the products with `word` in text or brand whose brand contains it.

        Products with the word in the brand alone count too, because `clean` removes a product's own brand from its
        text.
        """
        with_word = self.document_frequencies[word] + self._counts.brand_only_frequencies[word]
        return self._counts.brand_name_frequencies[word] / with_word if with_word else 0.0

    def compute_share_in_other_brands(self, word: str) -> float:
        """Return the share, 0 to 1, of the products of brands without `word` whose text contains it."""
        counts = self._counts
        n_other_documents = self._n_documents - counts.brand_name_frequencies[word]
        used_under_brand = counts.brand_name_frequencies[word] - counts.brand_only_frequencies[word]
        return (self.document_frequencies[word] - used_under_brand) / n_other_documents if n_other_documents else 0.0

    def _check_too_frequent(self, word: str) -> DropReason | None:
        share = self.document_frequencies[word] / self._n_documents
        if self._n_documents < MIN_DOCUMENTS or share <= MAX_DOCUMENT_SHARE:
            return None
        return DropReason(TOO_FREQUENT, f"in {_format_percent(share)} of all products")

    def _find_boilerplate(self) -> dict[str, DropReason]:
        """Return the words that are in most products of one shop and rare in the others.

        Rare also means that fewer products of the other shops have it in total. Otherwise a small shop could remove a
        word of a large one: "solid" is in 72 % of 139 sports clothes, as the name of their pattern, and is informative
        in 5 % of 14,000 other products.
        """
        found: dict[str, DropReason] = {}
        for shop, n_documents in sorted(self._counts.documents_by_shop.items()):
            n_other_documents = self._n_documents - n_documents
            if n_documents < MIN_DOCUMENTS or n_other_documents < MIN_DOCUMENTS:
                continue
            for word, shop_frequency in self._counts.frequencies_by_shop[shop].items():
                shop_share = shop_frequency / n_documents
                if shop_share <= self._settings.boilerplate_min_df or word in found:
                    continue
                other_frequency = self.document_frequencies[word] - shop_frequency
                other_share = other_frequency / n_other_documents
                if other_share < shop_share / self._settings.boilerplate_min_ratio and other_frequency < shop_frequency:
                    here, elsewhere = _format_percent(shop_share), _format_percent(other_share)
                    found[word] = DropReason(BOILERPLATE, f"in {here} of the products of {shop}, {elsewhere} of others")
        return found

    def _check_brand_name(self, word: str) -> DropReason | None:
        share = self.compute_brand_share(word)
        if not share or share < self._settings.brand_min_share:
            return None
        other_share = self.compute_share_in_other_brands(word)
        n_other_documents = self._n_documents - self._counts.brand_name_frequencies[word]
        if other_share >= MIN_COMMON_WORD_SHARE and other_share * n_other_documents >= MIN_DOCUMENTS:
            return None
        return DropReason(BRAND_NAME, f"{_format_percent(share)} of the products with it are of a brand of that name")

    def _check_too_rare(self, word: str) -> DropReason | None:
        frequency, expected = self.document_frequencies[word], self._settings.min_document_frequency
        if frequency >= expected:
            return None
        return DropReason(TOO_RARE, f"in {frequency} products, expected at least {expected}")


def _format_percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")
