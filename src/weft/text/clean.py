"""Products as shops wrote them to products as lists of words: streamed, every dropped token counted with its reason."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from weft import params, tables
from weft.contracts import files
from weft.contracts.tables import CLEANED_PRODUCTS, PRODUCTS
from weft.progress import progress_bar
from weft.text import names
from weft.text.fields import iter_texts, list_category_steps
from weft.text.html import extract_visible_text
from weft.text.in_passing import SHORT_FIELDS, ProductTypeWords
from weft.text.stop_words import load_commerce_stop_words, load_stop_words
from weft.text.tally import CleanStats
from weft.text.tokens import is_word, tokenize

BRAND_NAME = "brand name"
SHOP_NAME = "shop name"
NUMBER = "number"
TOO_SHORT = "too short"
STOP_WORD = "function word"
COMMERCE_STOP_WORD = "trade word"
OFF_TOPIC = "in passing"


def clean_products(products: Path, out: Path, settings: params.Clean) -> dict[str, float]:
    """Read the table `products` and write `out`/products.parquet, report.json and dropped.tsv.

    Returns:
        Counts: products, products_without_words, tokens_kept, tokens_dropped.

    Raises:
        ContractError: `products` is missing or breaks its contract.
    """
    stats = CleanStats()
    product_types = _collect_product_types(products) if settings.in_passing == "drop" else None

    def clean_batch(table: pa.Table) -> pa.Table:
        rows = [clean_product(product, settings, stats, product_types) for product in table.to_pylist()]
        return pa.Table.from_pylist(rows, schema=CLEANED_PRODUCTS.schema)

    batches = (clean_batch(table) for table in tables.read_stream(products, PRODUCTS))
    with tables.atomic_write(out) as temporary:
        temporary.mkdir(parents=True)
        tables.write_stream(
            temporary / files.PRODUCTS, progress_bar(batches, "clean", unit="batches"), CLEANED_PRODUCTS
        )
        stats.write(temporary / files.REPORT, temporary / files.DROPPED)
    return stats.compute_totals()


def _collect_product_types(products: Path) -> ProductTypeWords:
    """A pass over the short texts alone: which words name kinds takes the whole shop to know."""
    product_types = ProductTypeWords()
    for table in tables.read_stream(products, PRODUCTS, ("product_id", "shop", "brand", *SHORT_FIELDS)):
        for product in table.to_pylist():
            product_types.add(product)
    return product_types


def clean_product(
    product: Mapping[str, Any], settings: params.Clean, stats: CleanStats, product_types: ProductTypeWords | None = None
) -> dict[str, Any]:
    """One row of PRODUCTS as a row of CLEANED: tokens in the order of the text, repeats kept, named or described.

    Without `kinds` a description counts whole.
    """
    words: list[str] = []
    description_range = range(0)
    for field in settings.fields:
        start = len(words)
        words += [token for text in iter_texts(product, (field,)) for token in tokenize(text)]
        if field == "description":
            description_range = range(start, len(words))
    off_topic = (
        product_types.find_off_topic_words(product, words[description_range.start : description_range.stop])
        if product_types
        else set[str]()
    )
    brand, shop = _tokenize_short_text(product["brand"] or ""), _tokenize_short_text(product["shop"])
    name_reasons = dict.fromkeys(_find_name_positions(shop, words, product), SHOP_NAME)
    name_reasons |= dict.fromkeys(_find_name_positions(brand, words, product), BRAND_NAME)
    kept: list[str] = []
    in_short_fields: list[bool] = []
    dropped: list[tuple[str, str]] = []
    for position, word in enumerate(words):
        reason = name_reasons.get(position) or _find_token_drop_reason(word, settings.min_letters)
        if not reason and position in description_range and word in off_topic:
            reason = OFF_TOPIC
        if reason:
            dropped.append((word, reason))
        else:
            kept.append(word)
            in_short_fields.append(position not in description_range)
    stats.add(product["shop"], len(kept), dropped)
    row = {"product_id": product["product_id"], "shop": product["shop"], "brand": brand}
    return {**row, "tokens": kept, "named": in_short_fields}


def _find_name_positions(name: list[str], words: list[str], product: Mapping[str, Any]) -> set[int]:
    """Where the product's text says the name of its own brand or shop."""
    if name and names.is_descriptive(name, _tokenize_descriptive_fields(name, product)):
        return set()
    return names.match_positions(name, words)


def _tokenize_descriptive_fields(name: list[str], product: Mapping[str, Any]) -> list[list[str]]:
    """The pieces of the product's colour and of its category steps; a step that is the name alone is the name."""
    tokenized_steps = [_tokenize_short_text(step) for step in list_category_steps(product)]
    return [_tokenize_short_text(product["colour"] or ""), *(step for step in tokenized_steps if step != name)]


@lru_cache(maxsize=50_000)
def _tokenize_short_text(text: str) -> list[str]:
    """The pieces of a name, colour or category step: few texts, on very many products. Not to be changed in place."""
    return tokenize(extract_visible_text(text))


@lru_cache(maxsize=200_000)
def _find_token_drop_reason(token: str, min_letters: int) -> str | None:
    if not is_word(token):
        return NUMBER
    if len(token) < min_letters:
        return TOO_SHORT
    if token in load_stop_words():
        return STOP_WORD
    return COMMERCE_STOP_WORD if token in load_commerce_stop_words() else None
