"""Products as shops wrote them to products as lists of words: streamed, every dropped token counted with its reason."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from weft import params, tables
from weft.contracts import files
from weft.contracts.tables import CLEANED, PRODUCTS
from weft.progress import track
from weft.text import names
from weft.text.fields import category_steps, texts
from weft.text.html import visible_text
from weft.text.in_passing import NAMING, Kinds
from weft.text.stop_words import function_words, trade_words
from weft.text.tally import Tally
from weft.text.tokens import is_word, pieces

BRAND_NAME = "brand name"
SHOP_NAME = "shop name"
NUMBER = "number"
TOO_SHORT = "too short"
FUNCTION_WORD = "function word"
TRADE_WORD = "trade word"
IN_PASSING = "in passing"


def clean_products(products: Path, out: Path, settings: params.Clean) -> dict[str, float]:
    """Read the table `products` and write `out`/products.parquet, report.json and dropped.tsv.

    Returns:
        Counts: products, products_without_words, tokens_kept, tokens_dropped.

    Raises:
        ContractError: `products` is missing or breaks its contract.
    """
    tally = Tally()
    kinds = _kinds(products) if settings.in_passing == "drop" else None

    def cleaned(table: pa.Table) -> pa.Table:
        rows = [clean_product(product, settings, tally, kinds) for product in table.to_pylist()]
        return pa.Table.from_pylist(rows, schema=CLEANED.schema)

    pieces_of_table = (cleaned(table) for table in tables.stream(products, PRODUCTS))
    with tables.atomic(out) as temporary:
        temporary.mkdir(parents=True)
        tables.write_stream(temporary / files.PRODUCTS, track(pieces_of_table, "clean", unit="batches"), CLEANED)
        tally.write(temporary / files.REPORT, temporary / files.DROPPED)
    return tally.totals()


def _kinds(products: Path) -> Kinds:
    """A pass over the short texts alone: which words name kinds takes the whole shop to know."""
    kinds = Kinds()
    for table in tables.stream(products, PRODUCTS, ("product_id", "shop", "brand", *NAMING)):
        for product in table.to_pylist():
            kinds.add(product)
    return kinds


def clean_product(
    product: Mapping[str, Any], settings: params.Clean, tally: Tally, kinds: Kinds | None = None
) -> dict[str, Any]:
    """One row of PRODUCTS as a row of CLEANED: tokens in the order of the text, repeats kept, named or described.

    Without `kinds` a description counts whole.
    """
    words: list[str] = []
    described = range(0)
    for field in settings.fields:
        start = len(words)
        words += [piece for text in texts(product, (field,)) for piece in pieces(text)]
        if field == "description":
            described = range(start, len(words))
    passing = kinds.in_passing(product, words[described.start : described.stop]) if kinds else set[str]()
    brand, shop = _short(product["brand"] or ""), _short(product["shop"])
    own_names = dict.fromkeys(_own_places(shop, words, product), SHOP_NAME)
    own_names |= dict.fromkeys(_own_places(brand, words, product), BRAND_NAME)
    kept: list[str] = []
    named: list[bool] = []
    dropped: list[tuple[str, str]] = []
    for place, word in enumerate(words):
        reason = own_names.get(place) or _why_dropped(word, settings.min_letters)
        if not reason and place in described and word in passing:
            reason = IN_PASSING
        if reason:
            dropped.append((word, reason))
        else:
            kept.append(word)
            named.append(place not in described)
    tally.add(product["shop"], len(kept), dropped)
    cleaned = {"product_id": product["product_id"], "shop": product["shop"], "brand": brand}
    return {**cleaned, "tokens": kept, "named": named}


def _own_places(name: list[str], words: list[str], product: Mapping[str, Any]) -> set[int]:
    """Where the product's text says the name of its own brand or shop."""
    if name and names.is_also_a_word(name, _descriptions(name, product)):
        return set()
    return names.places_of(name, words)


def _descriptions(name: list[str], product: Mapping[str, Any]) -> list[list[str]]:
    """The pieces of the product's colour and of its category steps; a step that is the name alone is the name."""
    steps = [_short(step) for step in category_steps(product)]
    return [_short(product["colour"] or ""), *(step for step in steps if step != name)]


@lru_cache(maxsize=50_000)
def _short(text: str) -> list[str]:
    """The pieces of a name, colour or category step: few texts, on very many products. Not to be changed in place."""
    return pieces(visible_text(text))


@lru_cache(maxsize=200_000)
def _why_dropped(piece: str, min_letters: int) -> str | None:
    if not is_word(piece):
        return NUMBER
    if len(piece) < min_letters:
        return TOO_SHORT
    if piece in function_words():
        return FUNCTION_WORD
    return TRADE_WORD if piece in trade_words() else None
