"""Which words tell of the shop and not of the product: found from the counts, each with a reason a person can check.

Document frequencies by shop and by brand: one pass; memory grows with words and shops, never with products.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from weft import params
from weft.text.tokenize import tokenize


class DocumentFrequencies:
    """How many products (documents) carry which word.

    Attributes:
        documents: Products by shop.
        by_shop: shop -> word -> products of the shop with the word.
        occurrences: Word -> how often it was written, repeats within a product included.
        in_brand: Word -> products whose brand's name holds it.
    """

    def __init__(self) -> None:
        self.documents_by_shop: Counter[str] = Counter()
        self.frequencies_by_shop: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.occurrences: Counter[str] = Counter()
        self.brand_name_frequencies: Counter[str] = Counter()
        self._brand_only_frequencies: Counter[str] = Counter()

    def add(self, shop: str, brand: Sequence[str], tokens: Sequence[str]) -> None:
        """Count one product."""
        words, brand_words = set(tokens), set(brand)
        self.documents_by_shop[shop] += 1
        self.frequencies_by_shop[shop].update(words)
        self.occurrences.update(tokens)
        self.brand_name_frequencies.update(brand_words)
        self._brand_only_frequencies.update(brand_words - words)

    def count_documents_per_word(self) -> Counter[str]:
        """Word -> products of all shops with the word."""
        total: Counter[str] = Counter()
        for frequency in self.frequencies_by_shop.values():
            total.update(frequency)
        return total

    def compute_brand_share(self, word: str) -> float:
        """Of the products with `word` in text or brand, the share whose brand bears it, 0 to 1.

        Brands count along because `clean` has taken a product's own brand out of its text.
        """
        with_word = self.count_documents(word) + self._brand_only_frequencies[word]
        return self.brand_name_frequencies[word] / with_word if with_word else 0.0

    def compute_share_in_other_brands(self, word: str) -> float:
        """Of the products whose brand does not bear `word`, the share whose text uses it, 0 to 1."""
        n_other_documents = self.documents_by_shop.total() - self.brand_name_frequencies[word]
        used_under_brand = self.brand_name_frequencies[word] - self._brand_only_frequencies[word]
        return (self.count_documents(word) - used_under_brand) / n_other_documents if n_other_documents else 0.0

    def count_documents(self, word: str) -> int:
        """Products of all shops with `word`."""
        return sum(frequency[word] for frequency in self.frequencies_by_shop.values())


SHOP_NAME = "shop name"
TOO_FREQUENT = "in nearly all products"
BOILERPLATE = "shop boilerplate"
BRAND_NAME = "brand name"
TOO_RARE = "too few products"

MAX_DOCUMENT_SHARE = 0.9
"""A word on a larger share of all products tells none from another; with a single shop this rule stands alone."""
MIN_DOCUMENTS = 10
"""Fewer products than this, of a shop, of the others or of other brands, are no ground for a judgement."""
MIN_COMMON_WORD_SHARE = 0.0015
"""A brand's word on this share of other brands' products is a plain word: in a real catalogue "rose", "indigo" and
"yoga" were on 0.2 % of them, "nike" and "fossil" on 0.04 %."""


class DropReason(NamedTuple):
    """Why a word is dropped."""

    reason: str
    detail: str


def find_shop_names(counts: DocumentFrequencies) -> Mapping[str, str]:
    """Word -> shop, for shops whose name is one word that their own texts do not use as a word.

    `clean` takes a shop's name out of its own texts unless it describes the product (an orange top at Orange):
    where it is still found in more than a few of them, it is a word and stays.
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


def find_drop_reason(
    word: str, counts: DocumentFrequencies, shop_by_name: Mapping[str, str], settings: params.Vocabulary
) -> DropReason | None:
    """Why `word` is dropped, or None when it stays; the first reason that holds is given."""
    if word in shop_by_name:
        return DropReason(SHOP_NAME, f"the name of {shop_by_name[word]}")
    return (
        _check_too_frequent(word, counts)
        or _check_shop_boilerplate(word, counts, settings)
        or _check_brand_name(word, counts, settings)
        or _check_too_rare(word, counts, settings)
    )


def _check_too_frequent(word: str, counts: DocumentFrequencies) -> DropReason | None:
    n_documents = counts.documents_by_shop.total()
    share = counts.count_documents(word) / n_documents
    if n_documents < MIN_DOCUMENTS or share <= MAX_DOCUMENT_SHARE:
        return None
    return DropReason(TOO_FREQUENT, f"in {_format_percent(share)} of all")


def _check_shop_boilerplate(word: str, counts: DocumentFrequencies, settings: params.Vocabulary) -> DropReason | None:
    """In most products of one shop and rare in the others.

    Rare also means that fewer products elsewhere carry it, or a small shop could take a word from a large one: "solid"
    is on 72 % of 139 sports clothes, each with its pattern named, and says something on 5 % of 14,000 others.
    """
    for shop in sorted(counts.documents_by_shop):
        n_documents = counts.documents_by_shop[shop]
        n_other_documents = counts.documents_by_shop.total() - n_documents
        if n_documents < MIN_DOCUMENTS or n_other_documents < MIN_DOCUMENTS:
            continue
        shop_frequency = counts.frequencies_by_shop[shop][word]
        other_frequency = counts.count_documents(word) - shop_frequency
        shop_share, other_share = shop_frequency / n_documents, other_frequency / n_other_documents
        is_rare_elsewhere = other_share < shop_share / settings.boilerplate_ratio and other_frequency < shop_frequency
        if shop_share > settings.boilerplate_share and is_rare_elsewhere:
            return DropReason(
                BOILERPLATE, f"in {_format_percent(shop_share)} of {shop}, {_format_percent(other_share)} of others"
            )
    return None


def _check_brand_name(word: str, counts: DocumentFrequencies, settings: params.Vocabulary) -> DropReason | None:
    share = counts.compute_brand_share(word)
    if not share or share < settings.brand_share:
        return None
    other_share = counts.compute_share_in_other_brands(word)
    n_other_documents = counts.documents_by_shop.total() - counts.brand_name_frequencies[word]
    if other_share >= MIN_COMMON_WORD_SHARE and other_share * n_other_documents >= MIN_DOCUMENTS:
        return None
    return DropReason(BRAND_NAME, f"{_format_percent(share)} of the products with it are of a brand so named")


def _check_too_rare(word: str, counts: DocumentFrequencies, settings: params.Vocabulary) -> DropReason | None:
    frequency = counts.count_documents(word)
    if frequency >= settings.min_documents:
        return None
    return DropReason(TOO_RARE, f"in {frequency}, wanted {settings.min_documents}")


def _format_percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")
