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
    _named: npt.NDArray[np.bool_]

    def ids(self, product: int) -> npt.NDArray[np.int32]:
        """The word ids of the product of that index, ascending, each as often as its text says it; may be empty."""
        return self._ids[self._place(product)]

    def named(self, product: int) -> npt.NDArray[np.bool_]:
        """Whether the product is named by each of these ids there, and not described; of equal ids those come first."""
        return self._named[self._place(product)]

    def _place(self, product: int) -> slice:
        return slice(self._ends[product - 1] if product else 0, self._ends[product])


def read_product_words(products: Path, words: Path) -> ProductWords:
    """Look up the tokens of each cleaned product in words.tsv; a token that is not there is left out.

    Raises:
        ContractError: One of the two files is missing or not as its contract says.
    """
    vocabulary = pa.array(artefacts.read_words(words)["word"].tolist(), pa.string())
    table = tables.read(products, CLEANED, ["product_id", "tokens", "named"])
    counts: list[npt.NDArray[np.int64]] = [np.zeros(0, np.int64)]
    ids: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)]
    named: list[npt.NDArray[np.bool_]] = [np.zeros(0, bool)]
    for batch in table.select(["tokens", "named"]).to_batches(_PRODUCTS_AT_ONCE):
        count, found, is_named = _look_up(batch["tokens"], batch["named"], vocabulary)
        counts.append(count)
        ids.append(found)
        named.append(is_named)
    place = {product_id: index for index, product_id in enumerate(table["product_id"].to_pylist())}
    return ProductWords(place, np.cumsum(np.concatenate(counts)), np.concatenate(ids), np.concatenate(named))


def _look_up(
    tokens: pa.ListArray, named: pa.ListArray, vocabulary: pa.StringArray
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    found = pc.index_in(pc.list_flatten(tokens), value_set=vocabulary)
    known = pc.is_valid(found)

    def of_known(values: pa.Array) -> npt.NDArray[np.int64]:
        numbers: npt.NDArray[np.int64] = values.filter(known).to_numpy(zero_copy_only=False).astype(np.int64)
        return numbers

    owner, word = of_known(pc.list_parent_indices(tokens)), of_known(found)
    described = 1 - of_known(pc.list_flatten(named))
    # One number per (product, word, described) sorts within all products in one go.
    entries = np.sort((owner * len(vocabulary) + word) * 2 + described)
    pairs = entries // 2
    count = np.bincount(pairs // len(vocabulary), minlength=len(tokens))
    return count, (pairs % len(vocabulary)).astype(np.int32), entries % 2 == 0
