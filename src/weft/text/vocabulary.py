"""Choose the vocabulary, the words to learn, from the training products alone (Corbiere et al., section 3.1)."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from weft import artefacts, params, tables
from weft.contracts import files
from weft.contracts.arrays import Ints
from weft.contracts.tables import CLEANED_PRODUCTS
from weft.engine.map_shards import map_shards
from weft.engine.table_shards import TableShard, list_shards, read_shard
from weft.errors import ContractError
from weft.splits import assign_split
from weft.text.boilerplate import DocumentFrequencies, DropReason, DropRules

BEYOND_MAX_SIZE = "beyond max_size"
ROWS_PER_SHARD = 20_000
"""Counting so many products takes about a second of a core."""
_COLUMNS = ("product_id", "shop", "brand", "tokens")


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
    shards = list_shards(products, CLEANED_PRODUCTS, ROWS_PER_SHARD)
    counts = DocumentFrequencies()
    for counted in map_shards(_CountTrainingProducts(val_share, test_share), shards, "count words"):
        counts.merge(counted)
    return counts


@dataclass(frozen=True)
class _CountTrainingProducts:
    """Counts the words of a shard."""

    val_share: float
    test_share: float

    def __call__(self, shard: TableShard) -> DocumentFrequencies:
        parts = [self._select_training(table) for table in read_shard(shard, CLEANED_PRODUCTS, _COLUMNS)]
        return count_documents(pa.concat_tables(parts)) if parts else DocumentFrequencies()

    def _select_training(self, table: pa.Table) -> pa.Table:
        ids = table["product_id"].to_pylist()
        return table.filter(
            pa.array([assign_split(i, self.val_share, self.test_share) == "train" for i in ids], pa.bool_())
        )


def count_documents(products: pa.Table) -> DocumentFrequencies:
    """Count the words of rows of CLEANED_PRODUCTS, as `DocumentFrequencies.add` does for one product at a time."""
    # Arrays that begin at the first row of their buffers, so that flattened lists and their parents agree.
    tokens, brand = (products[name].combine_chunks() for name in ("tokens", "brand"))
    encoded = pa.concat_arrays([tokens.flatten(), brand.flatten()]).dictionary_encode()
    words, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
    token_codes, brand_codes = np.split(codes, [len(tokens.flatten())])
    # One number for each pair of a product and a word: the pairs of all products are made unique in one sort.
    text_pairs = _find_pairs(tokens, token_codes, len(words))
    brand_pairs = _find_pairs(brand, brand_codes, len(words))
    brand_only = np.setdiff1d(brand_pairs, text_pairs, assume_unique=True)

    def count(word_numbers: Ints) -> Counter[str]:
        numbers = np.bincount(word_numbers, minlength=len(words))
        found = np.flatnonzero(numbers)
        return Counter({words[code]: n for code, n in zip(found.tolist(), numbers[found].tolist(), strict=True)})

    counts = DocumentFrequencies()
    counts.occurrences = count(token_codes)
    counts.brand_name_frequencies = count(brand_pairs % len(words))
    counts.brand_only_frequencies = count(brand_only % len(words))
    shops = products["shop"].combine_chunks().dictionary_encode()
    shop_of_pair = shops.indices.to_numpy()[text_pairs // len(words)]
    for number, shop in enumerate(shops.dictionary.to_pylist()):
        counts.documents_by_shop[shop] = int((shops.indices.to_numpy() == number).sum())
        counts.frequencies_by_shop[shop] = count(text_pairs[shop_of_pair == number] % len(words))
    return counts


def _find_pairs(lists: pa.ListArray, codes: Ints, num_words: int) -> Ints:
    """Return product * num_words + word for each word of each list, once, ascending."""
    pairs = np.sort(pc.list_parent_indices(lists).to_numpy().astype(np.int64) * num_words + codes)
    # numpy.unique sorts by a hash table, which takes ten times as long for these numbers.
    is_first = np.ones(len(pairs), np.bool_)
    is_first[1:] = pairs[1:] != pairs[:-1]
    unique: Ints = pairs[is_first]
    return unique


def choose_words(counts: DocumentFrequencies, settings: params.Vocabulary) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the vocabulary (the columns of words.tsv) and the dropped words with their reasons.

    Both tables are sorted by descending document_frequency, then by word; word_id 0 is the most frequent word. The
    columns of the second are word, reason, document_frequency, detail.
    """
    rules = DropRules(counts, settings)
    kept: list[tuple[int, str, int, int]] = []
    dropped: list[tuple[str, str, int, str]] = []
    for word, documents in sorted(rules.document_frequencies.items(), key=lambda item: (-item[1], item[0])):
        drop = rules.find_reason(word)
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
