"""What people judge on the audit page: the mismatches of the audit, and a random sample of the tags."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from weft import artefacts, tables
from weft.contracts import files
from weft.contracts.tagging import MISMATCHES, TAG
from weft.progress import log_line
from weft.report.audit import describe_evidence
from weft.search.catalogue_products import CatalogueProduct
from weft.serve.photo_tags import CalibratedTagger
from weft.tagging.verdicts import KINDS, JudgedCase

TAGS_PER_WORD = 30
"""How many tags of a word are drawn: their precision is then known to about 15 points."""
MAX_PHOTOS = 4
_COLUMNS = tuple(name for name in MISMATCHES.schema.names if name not in ("jpeg", "nearest_jpegs"))


@dataclass(frozen=True)
class ShownCase:
    """A case with what the page shows of it."""

    case: JudgedCase
    product: CatalogueProduct | None
    photo_ids: Sequence[str]
    """The photos of the product; that with the most evidence comes first."""
    nearest: Sequence[str] = ()
    """Photos of other products with the predicted word."""
    evidence: str = ""
    """One or two sentences; empty for a tag, where people should not know what the model thinks."""


@dataclass(frozen=True)
class AuditCases:
    """All cases in the order of the page."""

    by_kind: Mapping[str, Mapping[JudgedCase, ShownCase]]
    has_audit: bool
    """Whether the folder of the audit was there."""

    def __contains__(self, case: JudgedCase) -> bool:
        return case in self.by_kind[case.kind]

    @staticmethod
    def read(
        audit: Path, embeddings: Path, products: Mapping[str, CatalogueProduct], tagger: CalibratedTagger
    ) -> "AuditCases":
        """Read the mismatches and draw the sample of tags.

        Args:
            audit: The output folder of the audit; without it there are only tags.
            embeddings: The embeddings of the catalogue, which say which products are of test; without them there are
                no tags.
            products: What the shop says, by product_id.
            tagger: Its thresholds decide what is a tag; without thresholds there are no tags.

        Raises:
            ContractError: A file breaks its contract.
        """
        stored = artefacts.read_embeddings(embeddings) if embeddings.exists() else None
        photo_ids: dict[str, list[str]] = {}
        test_rows: dict[str, list[int]] = {}
        photos = [] if stored is None else stored.photos.select(["photo_id", "product_id", "split"]).to_pylist()
        for row, photo in enumerate(photos):
            photo_ids.setdefault(photo["product_id"], []).append(photo["photo_id"])
            if photo["split"] == "test":
                test_rows.setdefault(photo["product_id"], []).append(row)
        path = audit / files.MISMATCHES
        mismatches = tables.read_table(path, MISMATCHES, _COLUMNS).to_pylist() if path.exists() else []
        shown = [_show_mismatch(mismatch, products, photo_ids) for mismatch in mismatches]
        for product_id, word in _draw_tags(stored, test_rows, tagger):
            case = JudgedCase(TAG, product_id, word)
            shown.append(ShownCase(case, products.get(product_id), photo_ids[product_id][:MAX_PHOTOS]))
        by_kind = {kind: {item.case: item for item in shown if item.case.kind == kind} for kind in KINDS}
        return AuditCases(by_kind, path.exists())


def _show_mismatch(
    row: dict[str, Any], products: Mapping[str, CatalogueProduct], photo_ids: Mapping[str, Sequence[str]]
) -> ShownCase:
    others = [name for name in photo_ids.get(row["product_id"], ()) if name != row["photo_id"]]
    return ShownCase(
        JudgedCase(row["kind"], row["product_id"], row["predicted_word"], row["text_word"] or ""),
        products.get(row["product_id"]),
        [row["photo_id"], *others][:MAX_PHOTOS],
        row["nearest"],
        describe_evidence(row),
    )


def _draw_tags(
    stored: artefacts.Embeddings | None, test_rows: Mapping[str, Sequence[int]], tagger: CalibratedTagger
) -> Iterator[tuple[str, str]]:
    """Yield (product_id, word) of TAGS_PER_WORD tags of each word, in alphabetical order of the words.

    Test products are drawn, as val products chose the thresholds. A hash draws them, so that each start of the server
    shows the same sample.
    """
    if stored is None or tagger.calibration is None or not test_rows:
        return
    if stored.model_digest != tagger.model_digest:
        log_line("the audit page has no tags to check: another model made the embeddings of the catalogue")
        return
    calibrated, head = tagger.calibration
    product_ids = list(test_rows)
    means = np.stack([np.asarray(stored.z[rows], np.float32).mean(axis=0) for rows in test_rows.values()])
    is_tagged = head.score(means) >= calibrated.thresholds
    words = [tagger.words[word] for word in calibrated.word_ids]
    for column in sorted(range(len(words)), key=lambda column: words[column]):
        tagged = [product_ids[row] for row in np.flatnonzero(is_tagged[:, column])]
        for product_id in sorted(tagged, key=lambda name: _draw(name, words[column]))[:TAGS_PER_WORD]:
            yield product_id, words[column]


def _draw(product_id: str, word: str) -> bytes:
    return hashlib.sha256(f"{word}\n{product_id}".encode()).digest()
