"""The precision of tags by people: what verdicts on tags that were drawn at random say about each word."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from weft import tables
from weft.contracts import files
from weft.contracts.arrays import Bools, Ints
from weft.contracts.tagging import JUDGED_TAGS, TAG
from weft.tagging.tag_head import TagHead
from weft.tagging.tag_scores import EmbeddedCatalogue
from weft.tagging.thresholds import PrecisionBar
from weft.tagging.verdicts import Verdicts

MIN_JUDGED_TAGS = 10
"""With fewer verdicts people decide nothing about a word."""
_JEFFREYS_PRIOR = np.array([0.5])


@dataclass(frozen=True)
class JudgedPrecision:
    """How many tags of a word people judged and accepted, with one-sided bounds of the precision."""

    judged: int
    accepted: int
    lower_bound: float
    upper_bound: float

    def is_below(self, target: float) -> bool:
        """Return whether there are enough verdicts, and the precision is below the target for sure."""
        return self.judged >= MIN_JUDGED_TAGS and self.upper_bound < target


class JudgedTags:
    """The verdicts on tags, joined with the embeddings of their products."""

    def __init__(
        self, catalogue: EmbeddedCatalogue, words: Sequence[str], verdicts: Verdicts, bar: PrecisionBar
    ) -> None:
        """Join the verdicts of the kind `tag`; those of products or words that are gone have no effect."""
        self.bar = bar
        self._words = words
        product_rows = {product_id: row for row, product_id in enumerate(catalogue.product_ids)}
        word_ids = {word: word_id for word_id, word in enumerate(words)}
        self._cells: dict[int, list[tuple[int, bool]]] = {}
        for case, verdict in sorted(verdicts.items()):
            product, word = product_rows.get(case.product_id), word_ids.get(case.predicted_word)
            if case.kind == TAG and product is not None and word is not None:
                self._cells.setdefault(word, []).append((product, verdict.is_accepted))
        self._catalogue = catalogue
        self._measured: dict[int, JudgedPrecision] = {}

    def measure(self, word: int, tags: TagHead, threshold: float) -> JudgedPrecision:
        """Return the precision of a word by the verdicts on products that reach its threshold.

        Args:
            word: The word_id.
            tags: A tag head that has the word.
            threshold: The score from which a product gets the word.
        """
        cells = self._cells.get(word, [])
        products = np.array([product for product, _ in cells], np.int64)
        accepted = np.array([is_accepted for _, is_accepted in cells], np.bool_)
        is_tagged = self._reach(products, tags.select(np.array([word])), threshold)
        counts = np.array([(accepted & is_tagged).sum()]), np.array([is_tagged.sum()])
        rejected = counts[1] - counts[0]
        measured = JudgedPrecision(
            int(counts[1][0]),
            int(counts[0][0]),
            float(self.bar.lower_bound(counts[0], counts[1], _JEFFREYS_PRIOR)[0]),
            1 - float(self.bar.lower_bound(rejected, counts[1], _JEFFREYS_PRIOR)[0]),
        )
        self._measured[word] = measured
        return measured

    def _reach(self, products: Ints, tags: TagHead, threshold: float) -> Bools:
        if not len(products):
            return np.zeros(0, np.bool_)
        z = np.stack([self._catalogue.mean_embedding(int(product)) for product in products])
        return np.asarray(tags.score(z)[:, 0] >= threshold)

    def write(self, folder: Path) -> None:
        """Write judged_tags.parquet with the measured words that have verdicts; without any, write no file."""
        rows = [
            {
                "word_id": word,
                "word": self._words[word],
                "judged": measured.judged,
                "accepted": measured.accepted,
                "precision_lower_bound": measured.lower_bound,
                "precision_upper_bound": measured.upper_bound,
            }
            for word, measured in sorted(self._measured.items())
            if measured.judged
        ]
        if rows:
            tables.write_table(
                folder / files.JUDGED_TAGS, pa.Table.from_pylist(rows, schema=JUDGED_TAGS.schema), JUDGED_TAGS
            )
