"""Bags of words of many photos or products in flat arrays (compressed sparse rows), and the table of documents."""

import hashlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft import tables
from weft.contracts.arrays import Bools, Floats, Ints
from weft.contracts.tables import DOCUMENTS
from weft.errors import ContractError

if TYPE_CHECKING:
    import scipy.sparse as sparse


@dataclass(frozen=True)
class WordBags:
    """Bag n holds the entries `offsets[n]` to `offsets[n + 1] - 1`. An entry is one word; words ascend in a bag."""

    offsets: Ints
    """(bags + 1,)."""
    words: npt.NDArray[np.int32]
    """(entries,): word ids. A bag may repeat a word."""
    weights: Floats | None = None
    """(entries,): weights above 0; None where every entry has the weight 1."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, bag: int) -> npt.NDArray[np.int32]:
        return self.words[self.offsets[bag] : self.offsets[bag + 1]]

    @property
    def sizes(self) -> Ints:
        """(bags,): the number of entries of each bag."""
        return np.diff(self.offsets)

    @property
    def entry_weights(self) -> Floats:
        """(entries,): the weight of each entry."""
        return np.ones(len(self.words)) if self.weights is None else self.weights

    def owners(self) -> Ints:
        """Return the bag of each entry, (entries,)."""
        return np.repeat(np.arange(len(self)), self.sizes)

    def digest(self) -> str:
        """Return the sha256 of offsets, words and weights."""
        parts = (self.offsets, self.words, self.entry_weights)
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()

    def count_words(self, vocabulary_size: int) -> Ints:
        """Return the number of entries of each word, (vocabulary_size,); without repeats, its number of bags."""
        return np.bincount(self.words, minlength=vocabulary_size)

    def sample_nonempty(self, max_bags: int) -> Ints:
        """Return the indices of at most `max_bags` bags that have words, evenly spaced."""
        nonempty = np.flatnonzero(self.sizes)
        return nonempty[:: max(1, -(-len(nonempty) // max_bags))]

    def take(self, bags: Ints) -> "WordBags":
        """Return the bags with the given indices, in that order; an index may be repeated."""
        sizes = self.sizes[bags]
        ends = np.cumsum(sizes)
        # The entries of the taken bags, one run of consecutive indices after the other.
        entries = np.repeat(self.offsets[bags] - (ends - sizes), sizes) + np.arange(int(sizes.sum()))
        weights = None if self.weights is None else self.weights[entries]
        return WordBags(np.concatenate([[0], ends]).astype(np.int64), self.words[entries], weights)

    def filter_entries(self, keep_mask: Bools) -> "WordBags":
        """Return the same bags with only the entries whose `keep_mask`, (entries,), is true."""
        kept_before = np.concatenate([[0], np.cumsum(keep_mask)])
        weights = None if self.weights is None else self.weights[keep_mask]
        return WordBags(kept_before[self.offsets], self.words[keep_mask], weights)

    def filter_words(self, keep_mask: Bools) -> "WordBags":
        """Return the same bags with only the words whose `keep_mask`, (vocabulary_size,), is true."""
        return self.filter_entries(keep_mask[self.words])

    def unique(self) -> "WordBags":
        """Return bags with each word once; its weight is the largest weight of its repeats."""
        return self._merge_repeats(np.maximum) if self.weights is not None else self.filter_entries(self._is_first())

    def sum_repeats(self) -> "WordBags":
        """Return bags with each word once; its weight is the sum of the weights of its repeats."""
        return self._merge_repeats(np.add)

    def _merge_repeats(self, merge: np.ufunc) -> "WordBags":
        is_first = self._is_first()
        starts, weights = np.flatnonzero(is_first), self.entry_weights
        merged = merge.reduceat(weights, starts) if len(starts) else weights
        return replace(self.filter_entries(is_first), weights=merged)

    def _is_first(self) -> Bools:
        """Return (entries,): whether the entry is the first one of its word in its bag.

        Words ascend in a bag, so a repeat has the same word as the entry before it.
        """
        first = np.ones(len(self.words), np.bool_)
        first[1:] = self.words[1:] != self.words[:-1]
        first[self.offsets[:-1][self.sizes > 0]] = True
        return first

    def padded_indices(self, bags: Ints) -> tuple[Ints, Bools]:
        """Return the indices of the entries of each bag, (given bags, size of the largest), and a mask of that shape.

        The mask is false for padding, whose index is 0.
        """
        sizes = self.sizes[bags]
        column = np.arange(max(1, sizes.max(initial=0)))
        is_word = column < sizes[:, None]
        return np.where(is_word, self.offsets[bags][:, None] + column, 0), is_word

    def to_dense(self, bags: range, vocabulary_size: int) -> Bools:
        """Return which words a range of bags holds, (bags, vocabulary_size)."""
        is_member = np.zeros((len(bags), vocabulary_size), np.bool_)
        words = self.words[self.offsets[bags.start] : self.offsets[bags.stop]]
        is_member[np.repeat(np.arange(len(bags)), self.sizes[bags.start : bags.stop]), words] = True
        return is_member

    def to_csr(self, vocabulary_size: int) -> "sparse.csr_matrix":
        """Return a sparse matrix of ones, (bags, vocabulary_size), of bags without repeats."""
        import scipy.sparse as sparse

        ones = np.ones(len(self.words), np.float32)
        return sparse.csr_matrix((ones, self.words, self.offsets), shape=(len(self), vocabulary_size))


def build_word_bags(bags: Iterable[Sequence[int] | npt.NDArray[np.integer]]) -> WordBags:
    """Return bags from one sequence of word ids per bag, in any order and with or without repeats."""
    offsets, words = array("q", [0]), array("i")
    for bag in bags:
        words.extend(sorted(bag))
        offsets.append(len(words))
    return WordBags(np.array(offsets, np.int64), np.array(words, np.int32))


@dataclass(frozen=True)
class Documents:
    """The words of every product of the catalogue, from its texts."""

    index_by_id: dict[str, int]
    """product_id -> index of its bag."""
    bags: WordBags
    """One bag per product: each word as often as the texts have it. It is empty where they have no known word."""
    in_short_fields: Bools
    """(entries,): whether the word comes from a short field (title, categories, colour, attributes) and not from the
    description."""

    def find(self, product_ids: Iterable[str]) -> Ints:
        """Return the index of the bag of each product.

        Raises:
            ContractError: A product has no document.
        """
        try:
            return np.array([self.index_by_id[product_id] for product_id in product_ids], np.int64)
        except KeyError as error:
            raise ContractError(
                f"{DOCUMENTS.name}: expected one for every product with photos, got none for {error}; run dvc repro"
            ) from None

    def short_field_bags(self) -> WordBags:
        """Return one bag per product with only the words of its short fields."""
        return self.bags.filter_entries(self.in_short_fields)

    def training_bags(self, products: Ints, count_repeated_words: bool, description_weight: float = 1.0) -> WordBags:
        """Return the bag of the product of each photo with the weights that training uses.

        Args:
            products: (photos,) the index of the product's bag, from `find`.
            count_repeated_words: Whether a word has one entry for each time that it occurs in the text of the product.
                Otherwise it has one entry with the largest weight.
            description_weight: Weight of a word in the description; above 0. A word in a short field has the weight 1.
        """
        weights = np.where(self.in_short_fields, 1.0, description_weight)
        weighted = WordBags(self.bags.offsets, self.bags.words, weights)
        return (weighted if count_repeated_words else weighted.unique()).take(products)


def read_documents(path: Path, vocabulary_size: int) -> Documents:
    """Read documents.parquet, the output of the stage documents.

    Raises:
        ContractError: The file is missing or breaks its contract, or a word id is not below `vocabulary_size`.
    """
    product_ids: list[str] = []
    sizes, words, masks = [np.zeros(1, np.int64)], [np.zeros(0, np.int32)], [np.zeros(0, np.bool_)]
    for table in tables.read_stream(path, DOCUMENTS):
        product_ids += table["product_id"].to_pylist()
        word_ids = table["word_ids"].combine_chunks()
        sizes.append(_to_numpy(word_ids.value_lengths()).astype(np.int64))
        words.append(_to_numpy(word_ids.flatten()).astype(np.int32))
        masks.append(_to_numpy(table["in_short_fields"].combine_chunks().flatten()).astype(np.bool_))
    bags = WordBags(np.cumsum(np.concatenate(sizes)), np.concatenate(words))
    highest = int(bags.words.max(initial=-1))
    if highest >= vocabulary_size:
        raise ContractError(
            f"{path}: expected word ids below {vocabulary_size}, the number of words, got {highest}; "
            "they come from another words.tsv: run dvc repro"
        )
    return Documents({product_id: n for n, product_id in enumerate(product_ids)}, bags, np.concatenate(masks))


def _to_numpy(column: pa.Array) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return values
