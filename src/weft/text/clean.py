"""Turn the texts of products into lists of words: one stream, and every dropped token is counted with its reason."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from weft import params, tables
from weft.contracts import files
from weft.contracts.tables import CLEANED_PRODUCTS, PRODUCTS
from weft.progress import log_line, progress_bar
from weft.text import brand_names
from weft.text.catalogue_tokenizers import CatalogueTokenizers
from weft.text.drop_reasons import BRAND_NAME, OFF_TOPIC, SHOP_NAME, find_drop_reason
from weft.text.fields import iter_texts, list_category_steps
from weft.text.html import extract_visible_text
from weft.text.off_topic import SHORT_FIELDS, ProductTypeWords
from weft.text.shop_tokenizer import ShopTokenizer

KEPT = "kept"
MAX_DROPPED_LISTED = 5_000
"""Lines of dropped.tsv: enough to judge the rules."""
_MAX_DROPPED_COUNTED = 400_000
"""Distinct dropped tokens in memory; without a limit, article numbers would grow with the catalogue."""

TEXT_FIELDS = ("title", "categories", "description", "colour", "attributes")
"""The columns that hold texts."""


class CleanStats:
    """Counts of kept and dropped tokens, by shop and reason, with the most frequent dropped tokens."""

    def __init__(self) -> None:
        self._products: Counter[str] = Counter()
        self._products_without_words: Counter[str] = Counter()
        self._tokens_by_reason: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._dropped_counts: Counter[tuple[str, str]] = Counter()

    def add(self, shop: str, kept: int, dropped: Iterable[tuple[str, str]]) -> None:
        """Count one product.

        Args:
            shop: The shop of the product.
            kept: How many of its tokens were kept.
            dropped: (token, reason) of each dropped token.
        """
        self._products[shop] += 1
        self._products_without_words[shop] += kept == 0
        by_reason = self._tokens_by_reason[shop]
        by_reason[KEPT] += kept
        for pair in dropped:
            by_reason[pair[1]] += 1
            self._dropped_counts[pair] += 1
        if len(self._dropped_counts) > _MAX_DROPPED_COUNTED:
            self._dropped_counts = Counter(dict(self._rank_dropped(_MAX_DROPPED_COUNTED // 2)))

    def compute_totals(self) -> dict[str, float]:
        """Return the numbers of products and tokens over all shops."""
        tokens = sum(self._tokens_by_reason.values(), Counter[str]())
        return {
            "products": self._products.total(),
            "products_without_words": self._products_without_words.total(),
            "tokens_kept": tokens[KEPT],
            "tokens_dropped": tokens.total() - tokens[KEPT],
        }

    def write(self, report_path: Path, dropped_path: Path) -> None:
        """Write the counts as JSON and the most frequent dropped tokens as tab-separated values."""
        shops = {
            shop: {
                "products": self._products[shop],
                "products_without_words": self._products_without_words[shop],
                "tokens": dict(sorted(self._tokens_by_reason[shop].items())),
            }
            for shop in sorted(self._products)
        }
        tables.write_text(
            report_path, json.dumps({**self.compute_totals(), "shops": shops}, indent=1, ensure_ascii=False) + "\n"
        )
        lines = [f"{token}\t{reason}\t{count}\n" for (token, reason), count in self._rank_dropped(MAX_DROPPED_LISTED)]
        tables.write_text(dropped_path, "token\treason\tcount\n" + "".join(lines))

    def _rank_dropped(self, limit: int) -> list[tuple[tuple[str, str], int]]:
        return sorted(self._dropped_counts.items(), key=lambda item: (-item[1], item[0]))[:limit]


def clean_products(products: Path, out: Path, settings: params.Clean) -> dict[str, float]:
    """Read the table `products` and write products.parquet, report.json, dropped.tsv and languages.json into `out`.

    Returns:
        Counts: products, products_without_words, tokens_kept, tokens_dropped.

    Raises:
        ContractError: `products` is missing or breaks its contract.
    """
    stats = CleanStats()
    tokenizers = _count_words(products, settings)
    product_types = _collect_product_types(products, tokenizers) if settings.drop_off_topic_words else None

    def clean_batch(table: pa.Table) -> pa.Table:
        rows = [clean_product(product, settings, stats, tokenizers, product_types) for product in table.to_pylist()]
        return pa.Table.from_pylist(rows, schema=CLEANED_PRODUCTS.schema)

    batches = (clean_batch(table) for table in tables.read_stream(products, PRODUCTS))
    with tables.atomic_write(out) as temporary:
        temporary.mkdir(parents=True)
        tables.write_stream(
            temporary / files.PRODUCTS, progress_bar(batches, "clean", unit="batches"), CLEANED_PRODUCTS
        )
        stats.write(temporary / files.REPORT, temporary / files.DROPPED)
        languages = json.dumps(tokenizers.describe(), indent=1, ensure_ascii=False)
        tables.write_text(temporary / files.LANGUAGES, languages + "\n")
    for sentence in tokenizers.iter_missing_segmenters():
        log_line(f"clean: {sentence}")
    return stats.compute_totals()


def _count_words(products: Path, settings: params.Clean) -> CatalogueTokenizers:
    """Read the texts of all products: how a word is cut depends on the whole shop."""
    tokenizers = CatalogueTokenizers()
    for table in tables.read_stream(products, PRODUCTS, ("product_id", "shop", "language", *TEXT_FIELDS)):
        for product in table.to_pylist():
            tokenizers.count(product, settings.fields)
    return tokenizers


def _collect_product_types(products: Path, tokenizers: CatalogueTokenizers) -> ProductTypeWords:
    """Read the short fields of all products: which words name product types depends on the whole shop."""
    product_types = ProductTypeWords(tokenizers)
    for table in tables.read_stream(products, PRODUCTS, ("product_id", "shop", "brand", "language", *SHORT_FIELDS)):
        for product in table.to_pylist():
            product_types.add(product)
    return product_types


def clean_product(
    product: Mapping[str, Any],
    settings: params.Clean,
    stats: CleanStats,
    tokenizers: CatalogueTokenizers,
    product_types: ProductTypeWords | None = None,
) -> dict[str, Any]:
    """Turn one row of PRODUCTS into a row of CLEANED_PRODUCTS and count it.

    Args:
        product: The row of PRODUCTS.
        settings: The section `clean` of params.yaml.
        stats: Counts the product.
        tokenizers: The tokenizers of all shops, which have counted all products.
        product_types: The type words of all shops; without them no token is dropped as off-topic.

    Returns:
        The row; its tokens are in the order of the text, with repeats.
    """
    tokenizer = tokenizers.find(product)
    words: list[str] = []
    description_range = range(0)
    for field in settings.fields:
        start = len(words)
        words += [token for text in iter_texts(product, (field,)) for token in tokenizer.tokenize(text)]
        if field == "description":
            description_range = range(start, len(words))
    off_topic = (
        product_types.find_off_topic_words(product, words[description_range.start : description_range.stop])
        if product_types
        else set[str]()
    )
    brand = _tokenize_short_text(tokenizer, product["brand"] or "")
    shop = _tokenize_short_text(tokenizer, product["shop"])
    name_reasons = dict.fromkeys(_find_name_positions(shop, words, product, tokenizer), SHOP_NAME)
    name_reasons |= dict.fromkeys(_find_name_positions(brand, words, product, tokenizer), BRAND_NAME)
    kept: list[str] = []
    in_short_fields: list[bool] = []
    dropped: list[tuple[str, str]] = []
    for position, word in enumerate(words):
        reason = name_reasons.get(position) or find_drop_reason(word, settings.min_token_length, tokenizer.language)
        if not reason and position in description_range and word in off_topic:
            reason = OFF_TOPIC
        if reason:
            dropped.append((word, reason))
        else:
            kept.append(word)
            in_short_fields.append(position not in description_range)
    stats.add(product["shop"], len(kept), dropped)
    row = {"product_id": product["product_id"], "shop": product["shop"], "brand": brand}
    return {**row, "tokens": kept, "in_short_fields": in_short_fields}


def _find_name_positions(
    name: list[str], words: list[str], product: Mapping[str, Any], tokenizer: ShopTokenizer
) -> set[int]:
    """Return the positions at which the product's text contains the name of its own brand or shop."""
    if name and brand_names.is_descriptive(name, _tokenize_descriptive_fields(name, product, tokenizer)):
        return set()
    return brand_names.match_positions(name, words)


def _tokenize_descriptive_fields(
    name: list[str], product: Mapping[str, Any], tokenizer: ShopTokenizer
) -> list[list[str]]:
    """Tokenise the product's colour and its category steps, except steps that are the name alone."""
    tokenized_steps = [_tokenize_short_text(tokenizer, step) for step in list_category_steps(product)]
    colour = _tokenize_short_text(tokenizer, product["colour"] or "")
    return [colour, *(step for step in tokenized_steps if step != name)]


@lru_cache(maxsize=50_000)
def _tokenize_short_text(tokenizer: ShopTokenizer, text: str) -> list[str]:
    """Tokenise a name, colour or category step. The cached list must not be changed.

    These texts are few and repeat on many products.
    """
    return tokenizer.tokenize(extract_visible_text(text))
