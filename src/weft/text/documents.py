"""Documents: the cleaned texts of the products as word ids of the vocabulary."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weft import artefacts, tables
from weft.contracts import files
from weft.contracts.tables import CLEANED_PRODUCTS, DOCUMENTS
from weft.progress import log_line


def write_documents(products: Path, words: Path, out: Path) -> dict[str, float]:
    """Write `out`/documents.parquet with the word ids of every product, and report.json.

    Tokens that are not in the vocabulary are left out. A product without any word of the vocabulary has an empty
    document; it is counted, and later stages neither train nor score words with its photos.

    Args:
        products: Table of CLEANED_PRODUCTS.
        words: The file words.tsv.
        out: Folder to write; an existing one is replaced.

    Returns:
        The counts of report.json: products, products_without_words, words (occurrences in all documents).

    Raises:
        ContractError: One of the two files is missing or breaks its contract.
    """
    vocabulary = pa.array(artefacts.read_words(words)["word"].tolist(), pa.string())
    counts = {"products": 0, "products_without_words": 0, "words": 0}

    def iter_documents() -> Iterator[pa.Table]:
        for table in tables.read_stream(products, CLEANED_PRODUCTS, ["product_id", "tokens", "in_short_fields"]):
            documents = _look_up_words(table, vocabulary)
            sizes = pc.list_value_length(documents["word_ids"])
            counts["products"] += len(documents)
            counts["products_without_words"] += pc.sum(pc.equal(sizes, 0)).as_py() or 0
            counts["words"] += pc.sum(sizes).as_py() or 0
            yield documents

    with tables.atomic_write(out) as folder:
        folder.mkdir(parents=True)
        tables.write_stream(folder / files.DOCUMENTS, iter_documents(), DOCUMENTS)
        (folder / files.REPORT).write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
    log_line(
        f"documents: {counts['products_without_words']:,} of {counts['products']:,} products have no word of the "
        "vocabulary; nothing is learned from their photos"
    )
    return {name: float(count) for name, count in counts.items()}


def _look_up_words(products: pa.Table, vocabulary: pa.StringArray) -> pa.Table:
    """Return rows of DOCUMENTS for rows of CLEANED_PRODUCTS."""
    tokens = products["tokens"].combine_chunks()
    found = pc.index_in(pc.list_flatten(tokens), value_set=vocabulary)
    is_known = pc.is_valid(found)

    def select_known(values: pa.Array) -> npt.NDArray[np.int64]:
        numbers: npt.NDArray[np.int64] = values.filter(is_known).to_numpy(zero_copy_only=False).astype(np.int64)
        return numbers

    product, word = select_known(pc.list_parent_indices(tokens)), select_known(found)
    is_description = 1 - select_known(pc.list_flatten(products["in_short_fields"].combine_chunks()))
    # With one number per (product, word, is_description), a single sort orders the words of all products.
    entries = np.sort((product * len(vocabulary) + word) * 2 + is_description)
    pairs = entries // 2
    sizes = np.bincount(pairs // len(vocabulary), minlength=len(tokens))
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32))
    word_ids = pa.array((pairs % len(vocabulary)).astype(np.int32))
    return pa.table(
        {
            "product_id": products["product_id"],
            "word_ids": pa.ListArray.from_arrays(offsets, word_ids),
            "in_short_fields": pa.ListArray.from_arrays(offsets, pa.array(entries % 2 == 0)),
        }
    )
