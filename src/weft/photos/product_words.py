"""The word ids of every product in a few flat arrays instead of one list per product."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weft import artefacts, tables
from weft.contracts.tables import CLEANED_PRODUCTS

_PRODUCTS_PER_BATCH = 10_000


@dataclass(frozen=True)
class ProductWords:
    """The products of the catalogue and the vocabulary words of each."""

    index_by_id: dict[str, int]
    """product_id -> index, in ascending order."""
    _end_offsets: npt.NDArray[np.int64]
    _word_ids: npt.NDArray[np.int32]
    _short_field_mask: npt.NDArray[np.bool_]

    def get_word_ids(self, product: int) -> npt.NDArray[np.int32]:
        """Return the product's word ids, ascending, each as often as its text has the word; may be empty."""
        return self._word_ids[self._get_slice(product)]

    def get_short_field_mask(self, product: int) -> npt.NDArray[np.bool_]:
        """Return, for each of these word ids, whether it comes from a short field and not from the description.

        Of equal ids, those of short fields come first.
        """
        return self._short_field_mask[self._get_slice(product)]

    def _get_slice(self, product: int) -> slice:
        return slice(self._end_offsets[product - 1] if product else 0, self._end_offsets[product])


def read_product_words(products: Path, words: Path) -> ProductWords:
    """Look up the tokens of each cleaned product in words.tsv; unknown tokens are left out.

    Raises:
        ContractError: One of the two files is missing or breaks its contract.
    """
    vocabulary = pa.array(artefacts.read_words(words)["word"].tolist(), pa.string())
    table = tables.read_table(products, CLEANED_PRODUCTS, ["product_id", "tokens", "in_short_fields"])
    counts: list[npt.NDArray[np.int64]] = [np.zeros(0, np.int64)]
    ids: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)]
    masks: list[npt.NDArray[np.bool_]] = [np.zeros(0, bool)]
    for batch in table.select(["tokens", "in_short_fields"]).to_batches(_PRODUCTS_PER_BATCH):
        batch_counts, batch_ids, batch_mask = _look_up_words(batch["tokens"], batch["in_short_fields"], vocabulary)
        counts.append(batch_counts)
        ids.append(batch_ids)
        masks.append(batch_mask)
    index_by_id = {product_id: index for index, product_id in enumerate(table["product_id"].to_pylist())}
    return ProductWords(index_by_id, np.cumsum(np.concatenate(counts)), np.concatenate(ids), np.concatenate(masks))


def _look_up_words(
    tokens: pa.ListArray, in_short_fields: pa.ListArray, vocabulary: pa.StringArray
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    found = pc.index_in(pc.list_flatten(tokens), value_set=vocabulary)
    known = pc.is_valid(found)

    def select_known(values: pa.Array) -> npt.NDArray[np.int64]:
        numbers: npt.NDArray[np.int64] = values.filter(known).to_numpy(zero_copy_only=False).astype(np.int64)
        return numbers

    product, word = select_known(pc.list_parent_indices(tokens)), select_known(found)
    is_description = 1 - select_known(pc.list_flatten(in_short_fields))
    # With one number per (product, word, is_description), a single sort orders the words of all products.
    entries = np.sort((product * len(vocabulary) + word) * 2 + is_description)
    pairs = entries // 2
    count = np.bincount(pairs // len(vocabulary), minlength=len(tokens))
    return count, (pairs % len(vocabulary)).astype(np.int32), entries % 2 == 0
