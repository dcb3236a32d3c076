"""Document frequencies by shop and by brand: one pass; memory grows with words and shops, never with products."""

from collections import Counter, defaultdict
from collections.abc import Sequence


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
