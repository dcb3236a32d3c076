"""Document frequencies by shop and by brand: one pass; memory grows with words and shops, never with products."""

from collections import Counter, defaultdict
from collections.abc import Sequence


class Counts:
    """How many products (documents) carry which word.

    Attributes:
        documents: Products by shop.
        by_shop: shop -> word -> products of the shop with the word.
        occurrences: Word -> how often it was written, repeats within a product included.
        in_brand: Word -> products whose brand's name holds it.
    """

    def __init__(self) -> None:
        self.documents: Counter[str] = Counter()
        self.by_shop: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.occurrences: Counter[str] = Counter()
        self.in_brand: Counter[str] = Counter()
        self._only_in_brand: Counter[str] = Counter()

    def add(self, shop: str, brand: Sequence[str], tokens: Sequence[str]) -> None:
        """Count one product."""
        words, name = set(tokens), set(brand)
        self.documents[shop] += 1
        self.by_shop[shop].update(words)
        self.occurrences.update(tokens)
        self.in_brand.update(name)
        self._only_in_brand.update(name - words)

    def document_frequency(self) -> Counter[str]:
        """Word -> products of all shops with the word."""
        total: Counter[str] = Counter()
        for frequency in self.by_shop.values():
            total.update(frequency)
        return total

    def brand_share(self, word: str) -> float:
        """Of the products with `word` in text or brand, the share whose brand bears it, 0 to 1.

        Brands count along because `clean` has taken a product's own brand out of its text.
        """
        with_word = self.frequency(word) + self._only_in_brand[word]
        return self.in_brand[word] / with_word if with_word else 0.0

    def share_in_other_brands(self, word: str) -> float:
        """Of the products whose brand does not bear `word`, the share whose text uses it, 0 to 1."""
        others = self.documents.total() - self.in_brand[word]
        used_under_the_brand = self.in_brand[word] - self._only_in_brand[word]
        return (self.frequency(word) - used_under_the_brand) / others if others else 0.0

    def frequency(self, word: str) -> int:
        """Products of all shops with `word`."""
        return sum(frequency[word] for frequency in self.by_shop.values())
