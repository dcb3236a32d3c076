"""What shops claim in few words: title, categories, colour, attributes. A word there says what the product is."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sparse

from weft import tables
from weft.contracts.tables import PRODUCTS
from weft.errors import ContractError
from weft.tagging.catalogue import Embedded, Ints, rows_of_words
from weft.text.fields import iter_texts
from weft.text.tokens import tokenize

SHORT_FIELDS = ("title", "categories", "colour", "attributes")
TAG_SHARE = 0.2
"""A word is a tag where at least this share of the products that say it say it in a short field ..."""
TAG_PRODUCTS = 10
"""... and at least so many do. "Dashboard" is in the care text of sunglasses and in no title."""


def read_claims(products: Path, catalogue: Embedded, words: tuple[str, ...]) -> "sparse.csr_matrix":
    """(products, words), 1 where a short field of the product says the word and clean kept it.

    Args:
        products: products.parquet of the crawl.
        catalogue: The products that have photos, and all their words.
        words: The vocabulary by word_id.

    Raises:
        ContractError: The table is broken, or lacks a product of the catalogue.
    """
    ids = {word: number for number, word in enumerate(words)}
    bags: dict[str, list[int]] = {}
    for product in _rows(products, ("product_id", *SHORT_FIELDS)):
        found = (piece for text in iter_texts(product, SHORT_FIELDS) for piece in tokenize(text))
        bags[product["product_id"]] = [ids[piece] for piece in found if piece in ids]
    absent = [product_id for product_id in catalogue.product_ids if product_id not in bags]
    if absent:
        raise ContractError(f"{products}: lacks the product {absent[0]}, which has photos; run `dvc repro prepare`")
    claimed = rows_of_words((bags[product_id] for product_id in catalogue.product_ids), len(words))
    # clean leaves out names of brands and shops: "Black Horse" claims no colour.
    return claimed.multiply(catalogue.said).tocsr()


def tag_words(claimed: "sparse.csr_matrix", said: "sparse.csr_matrix") -> Ints:
    """The words that this catalogue uses as tags, ascending."""
    claims, says = (np.asarray(matrix.sum(axis=0)).ravel() for matrix in (claimed, said))
    return np.flatnonzero((claims >= TAG_PRODUCTS) & (claims >= TAG_SHARE * says)).astype(np.int64)


def read_titles(products: Path, wanted: Iterable[str]) -> dict[str, tuple[str, str]]:
    """(Title, URL) of the wanted products."""
    looked_for = set(wanted)
    return {
        row["product_id"]: (row["title"], row["url"])
        for row in _rows(products, ("product_id", "title", "url"))
        if row["product_id"] in looked_for
    }


def _rows(products: Path, columns: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    for table in tables.read_stream(products, PRODUCTS, columns):
        yield from table.to_pylist()
