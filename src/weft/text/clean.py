"""Turn the texts of products into lists of words; every dropped token is counted with its reason."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from weft import params, tables
from weft.contracts import files
from weft.contracts.tables import CLEANED_PRODUCTS, PRODUCTS
from weft.engine.map_shards import map_shards
from weft.engine.table_shards import TableShard, list_shards, read_shard
from weft.progress import log_line
from weft.text import brand_names
from weft.text.catalogue_tokenizers import CatalogueTokenizers, CutterNames
from weft.text.clean_stats import CleanStats
from weft.text.drop_reasons import BRAND_NAME, OFF_TOPIC, SHOP_NAME, find_drop_reason
from weft.text.fields import iter_texts, list_category_steps
from weft.text.html import extract_visible_text
from weft.text.off_topic import SHORT_FIELDS, ProductTypeCounts, ProductTypeWords
from weft.text.shop_tokenizer import ShopTokenizer

ROWS_PER_SHARD = 1_000
"""Cleaning so many products takes about two seconds of a core."""

TEXT_FIELDS = ("title", "categories", "description", "colour", "attributes")
"""The columns that hold texts."""


def clean_products(products: Path, out: Path, settings: params.Clean) -> dict[str, float]:
    """Read the table `products` and write products.parquet, report.json, dropped.tsv and languages.json into `out`.

    The table is read twice to count, because how a word is cut and which words name product types depend on the whole
    shop, and a third time to clean. Each time the shards of the table are shared (`weft.engine`).

    Returns:
        Counts: products, products_without_words, tokens_kept, tokens_dropped.

    Raises:
        ContractError: `products` is missing or breaks its contract.
    """
    shards = list_shards(products, PRODUCTS, ROWS_PER_SHARD)
    tokenizers = CatalogueTokenizers()
    for counted in map_shards(_CountWords(settings), shards, "count words"):
        tokenizers.merge(counted)
    product_types = _count_product_types(shards, tokenizers) if settings.drop_off_topic_words else None
    stats = CleanStats()

    def iter_tables() -> Iterator[pa.Table]:
        for cleaned in map_shards(_CleanShard(settings, tokenizers, product_types), shards, "clean"):
            stats.merge(cleaned.stats)
            tokenizers.add_cutters(cleaned.cutters)
            yield from cleaned.tables

    with tables.atomic_write(out) as temporary:
        temporary.mkdir(parents=True)
        tables.write_stream(temporary / files.PRODUCTS, iter_tables(), CLEANED_PRODUCTS)
        stats.write(temporary / files.REPORT, temporary / files.DROPPED)
        languages = json.dumps(tokenizers.describe(), indent=1, ensure_ascii=False)
        tables.write_text(temporary / files.LANGUAGES, languages + "\n")
    for sentence in tokenizers.iter_missing_segmenters():
        log_line(f"clean: {sentence}")
    return stats.compute_totals()


@dataclass(frozen=True)
class _CountWords:
    """Counts the words of all texts of a shard."""

    settings: params.Clean

    def __call__(self, shard: TableShard) -> CatalogueTokenizers:
        tokenizers = CatalogueTokenizers()
        for table in read_shard(shard, PRODUCTS, ("product_id", "shop", "language", *TEXT_FIELDS)):
            for product in table.to_pylist():
                tokenizers.count(product, self.settings.fields)
        return tokenizers


def _count_product_types(shards: Sequence[TableShard], tokenizers: CatalogueTokenizers) -> ProductTypeWords:
    product_types = ProductTypeWords(tokenizers)
    for counts, cutters in map_shards(_CountProductTypes(tokenizers), shards, "find product types"):
        product_types.counts.merge(counts)
        tokenizers.add_cutters(cutters)
    return product_types


@dataclass(frozen=True)
class _CountProductTypes:
    """Counts the words of the short fields of a shard."""

    tokenizers: CatalogueTokenizers

    def __call__(self, shard: TableShard) -> tuple[ProductTypeCounts, CutterNames]:
        product_types = ProductTypeWords(self.tokenizers)
        for table in read_shard(shard, PRODUCTS, ("product_id", "shop", "brand", "language", *SHORT_FIELDS)):
            for product in table.to_pylist():
                product_types.add(product)
        return product_types.counts, self.tokenizers.get_cutters()


@dataclass(frozen=True)
class _CleanedShard:
    """The rows of a shard, their counts, and what has cut their words."""

    tables: list[pa.Table]
    stats: CleanStats
    cutters: CutterNames


@dataclass(frozen=True)
class _CleanShard:
    """Cleans the products of a shard."""

    settings: params.Clean
    tokenizers: CatalogueTokenizers
    product_types: ProductTypeWords | None

    def __call__(self, shard: TableShard) -> _CleanedShard:
        stats = CleanStats()
        cleaned = []
        for table in read_shard(shard, PRODUCTS):
            rows = [
                clean_product(product, self.settings, stats, self.tokenizers, self.product_types)
                for product in table.to_pylist()
            ]
            cleaned.append(pa.Table.from_pylist(rows, schema=CLEANED_PRODUCTS.schema))
        return _CleanedShard(cleaned, stats, self.tokenizers.get_cutters())


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
