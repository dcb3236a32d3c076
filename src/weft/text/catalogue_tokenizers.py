"""The tokenizers of a catalogue: one for each shop and language, because a word's parts depend on the shop's texts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from weft.text.detect_language import LanguageCounts
from weft.text.fields import iter_texts
from weft.text.languages import ENGLISH, normalise_code
from weft.text.scripts import find_script
from weft.text.shop_tokenizer import ShopTokenizer

_UNSTATED = ""

CutterNames = dict[tuple[str, str], dict[str, str]]
"""(shop, stated language) -> language -> what cuts its words."""


class CatalogueTokenizers:
    """First `count` all products, then `find` gives each product the tokenizer of its shop and language.

    The language of a product is the one that its page states. Where the page states none, it is found from the texts of
    all products of the shop that state none. A stated language that Weft does not know is read as English is.

    Memory grows with shops and words, not with products; of English texts nothing is counted.
    """

    def __init__(self) -> None:
        self._tokenizers: dict[tuple[str, str], ShopTokenizer] = {}
        self._unstated: dict[str, LanguageCounts] = {}
        self._products: Counter[tuple[str, str]] = Counter()

    def count(self, product: Mapping[str, Any], fields: Sequence[str]) -> None:
        """Count the words of one row of PRODUCTS in the given fields."""
        stated = _find_stated_language(product)
        key = product["shop"], stated
        self._products[key] += 1
        if stated == _UNSTATED:
            counts = self._unstated.setdefault(product["shop"], LanguageCounts())
            if not counts.is_full:
                for text in iter_texts(product, fields):
                    counts.add(text)
            elif counts.decide() == ENGLISH and _is_alphabetic(product):
                return
        elif stated == ENGLISH and _is_alphabetic(product):
            return
        tokenizer = self._get_tokenizer(key)
        for text in iter_texts(product, fields):
            tokenizer.count(text)

    def merge(self, other: "CatalogueTokenizers") -> None:
        """Add the counts of other products, before any tokenizer is used."""
        self._products.update(other._products)
        for shop, counts in other._unstated.items():
            self._unstated.setdefault(shop, LanguageCounts()).merge(counts)
        for key, tokenizer in other._tokenizers.items():
            self._get_tokenizer(key).merge_counts(tokenizer)

    def find(self, product: Mapping[str, Any]) -> ShopTokenizer:
        """Return the tokenizer of a product; call this after all products are counted."""
        stated = _find_stated_language(product)
        key = product["shop"], stated
        if stated == _UNSTATED and product["shop"] in self._unstated:
            # All texts are counted, so the language is decided once and for all.
            language = self._unstated.pop(product["shop"]).decide()
            self._tokenizers[key] = self._get_tokenizer(key).with_language(language)
        return self._get_tokenizer(key)

    def _get_tokenizer(self, key: tuple[str, str]) -> ShopTokenizer:
        """Return the tokenizer of a shop and a stated language; the first time, one that has counted nothing."""
        if key not in self._tokenizers:
            self._tokenizers[key] = ShopTokenizer(key[1] or ENGLISH)
        return self._tokenizers[key]

    def get_cutters(self) -> CutterNames:
        """Return what has cut words so far."""
        return {key: tokenizer.describe_cutters() for key, tokenizer in self._tokenizers.items()}

    def add_cutters(self, cutters: CutterNames) -> None:
        """Note what the tokenizers of another process, which are copies of these, have cut words with."""
        for (shop, stated), names in cutters.items():
            self.find({"shop": shop, "language": stated}).note_cutters(names)

    def describe(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return shop -> language -> products, how many of them state the language, and what cuts the words."""
        described: dict[str, dict[str, dict[str, Any]]] = {}
        for (shop, stated), num_products in sorted(self._products.items()):
            tokenizer = self.find({"shop": shop, "language": stated})
            entry = described.setdefault(shop, {}).setdefault(
                tokenizer.language, {"products": 0, "stated_by_page": 0, "cut_by": {}}
            )
            entry["products"] += num_products
            entry["stated_by_page"] += num_products if stated else 0
            entry["cut_by"] |= tokenizer.describe_cutters()
        return described

    def iter_missing_segmenters(self) -> Iterator[str]:
        """Yield one sentence for each language whose words were not found because its segmenter is not installed."""
        yield from sorted({sentence for tokenizer in self._tokenizers.values() for sentence in tokenizer.missing})


def _find_stated_language(product: Mapping[str, Any]) -> str:
    stated = product.get("language")
    return (normalise_code(stated) or ENGLISH) if stated else _UNSTATED


def _is_alphabetic(product: Mapping[str, Any]) -> bool:
    """Return whether all texts are in scripts with spaces between words, which no count is needed for."""
    texts = (product["title"], product["description"], product["colour"] or "", *product["categories"])
    return all(find_script(text) == "alphabet" for text in texts)
