"""Choose the vocabulary, the words to learn, from the training products alone (Corbiere et al., section 3.1)."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from weft import artefacts, params, tables
from weft.contracts import files
from weft.contracts.tables import CLEANED_PRODUCTS
from weft.errors import ContractError
from weft.progress import progress_bar
from weft.splits import assign_split
from weft.text.boilerplate import DocumentFrequencies, DropReason, find_drop_reason, find_shop_names

BEYOND_MAX_SIZE = "beyond max_size"


def build_vocabulary(
    products: Path, out: Path, settings: params.Vocabulary, val_share: float, test_share: float
) -> dict[str, float]:
    """Read the cleaned table `products` and write `out`/words.tsv and `out`/dropped.tsv.

    Returns:
        Counts: training_products, words, occurrences_kept (share of the training tokens, 0 to 1) and, for each reason,
        the number of dropped words.

    Raises:
        ContractError: `products` is missing or breaks its contract, or no word is left.
    """
    counts = count_training_products(products, val_share, test_share)
    words, dropped = choose_words(counts, settings)
    if words.empty:
        raise ContractError(
            f"{products}: no word of {counts.documents_by_shop.total()} training products is left; "
            "crawl more products or lower vocabulary.min_document_frequency"
        )
    with tables.atomic_write(out) as temporary:
        temporary.mkdir(parents=True)
        artefacts.write_words(temporary / files.WORDS, words)
        tables.write_text(temporary / files.DROPPED, dropped.to_csv(sep="\t", index=False, lineterminator="\n"))
    by_reason = Counter(dropped["reason"])
    return {
        "training_products": counts.documents_by_shop.total(),
        "words": len(words),
        "occurrences_kept": int(words["count"].sum()) / counts.occurrences.total(),
        **{f"dropped_{reason.replace(' ', '_')}": by_reason[reason] for reason in sorted(by_reason)},
    }


def count_training_products(products: Path, val_share: float, test_share: float) -> DocumentFrequencies:
    """Count the words of the products whose split is train; other products are skipped.

    Raises:
        ContractError: `products` is missing or breaks its contract.
    """
    counts = DocumentFrequencies()
    for product in progress_bar(_iter_products(products), "count words", unit="products"):
        if assign_split(product["product_id"], val_share, test_share) == "train":
            counts.add(product["shop"], product["brand"], product["tokens"])
    return counts


def _iter_products(products: Path) -> Iterator[dict[str, Any]]:
    for table in tables.read_stream(products, CLEANED_PRODUCTS):
        yield from table.to_pylist()


def choose_words(counts: DocumentFrequencies, settings: params.Vocabulary) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the vocabulary (the columns of words.tsv) and the dropped words with their reasons.

    Both tables are sorted by descending document_frequency, then by word; word_id 0 is the most frequent word. The
    columns of the second are word, reason, document_frequency, detail.
    """
    frequency = counts.count_documents_per_word()
    shop_by_name = find_shop_names(counts)
    kept: list[tuple[int, str, int, int]] = []
    dropped: list[tuple[str, str, int, str]] = []
    for word, documents in sorted(frequency.items(), key=lambda item: (-item[1], item[0])):
        drop = find_drop_reason(word, counts, shop_by_name, settings)
        if drop is None and len(kept) == settings.max_size:
            drop = DropReason(BEYOND_MAX_SIZE, f"only the {settings.max_size:,} most frequent are kept")
        if drop is None:
            kept.append((len(kept), word, documents, counts.occurrences[word]))
        else:
            dropped.append((word, drop.reason, documents, drop.detail))
    return (
        pd.DataFrame(kept, columns=list(artefacts.WORD_COLUMNS)),
        pd.DataFrame(dropped, columns=["word", "reason", "document_frequency", "detail"]),
    )
