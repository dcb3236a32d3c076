"""The word ids of every product, packed: two arrays instead of a list of words per product."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weft import artefacts, tables
from weft.contracts.tables import CLEANED

_PRODUCTS_AT_ONCE = 10_000


@dataclass(frozen=True)
class ProductWords:
    """The products of the catalogue and the vocabulary words of each."""

    place: dict[str, int]
    """product_id to index, ascending."""
    _ends: npt.NDArray[np.int64]
    _ids: npt.NDArray[np.int32]

    def ids(self, product: int) -> npt.NDArray[np.int32]:
        """The word ids of the product of that index, ascending, each as often as its text says it; may be empty."""
        begin = self._ends[product - 1] if product else 0
        return self._ids[begin : self._ends[product]]


def read_product_words(products: Path, words: Path) -> ProductWords:
    """Look up the tokens of each cleaned product in words.tsv; a token that is not there is left out.

    Raises:
        ContractError: One of the two files is missing or not as its contract says.
    """
    vocabulary = pa.array(artefacts.read_words(words)["word"].tolist(), pa.string())
    table = tables.read(products, CLEANED, ["product_id", "tokens"])
    counts: list[npt.NDArray[np.int64]] = [np.zeros(0, np.int64)]
    ids: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)]
    for batch in table.select(["tokens"]).to_batches(_PRODUCTS_AT_ONCE):
        count, found = _look_up(batch["tokens"], vocabulary)
        counts.append(count)
        ids.append(found)
    place = {product_id: index for index, product_id in enumerate(table["product_id"].to_pylist())}
    return ProductWords(place, np.cumsum(np.concatenate(counts)), np.concatenate(ids))


def _look_up(tokens: pa.ListArray, vocabulary: pa.StringArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    found = pc.index_in(pc.list_flatten(tokens), value_set=vocabulary)
    owner = pc.list_parent_indices(tokens)
    known = pc.is_valid(found)
    word = found.filter(known).to_numpy(zero_copy_only=False).astype(np.int64)
    # One number per (product, word) pair sorts within all products in one go.
    pairs = np.sort(owner.filter(known).to_numpy(zero_copy_only=False).astype(np.int64) * len(vocabulary) + word)
    count = np.bincount(pairs // len(vocabulary), minlength=len(tokens))
    return count, (pairs % len(vocabulary)).astype(np.int32)
